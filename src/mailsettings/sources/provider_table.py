"""The provider table as a source: the user's own first, then the bundled one. No question to the network."""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.address import EmailAddress
from mailsettings.errors import TableError
from mailsettings.leads import IdentifiedProvider, Lead
from mailsettings.model import Authority, Claim, Evidence, Note, Security
from mailsettings.provider_table import table as tables
from mailsettings.provider_table.rows import Row, TableServer
from mailsettings.provider_table.table import Table


def table(address: EmailAddress) -> Iterator[Lead]:
    """Yield who runs the domain's mail and with which servers, if a table knows exactly this domain."""
    try:
        own = tables.own_table()
    except TableError as error:
        # A slip in the user's file must not take the bundled answer away, nor go unnoticed.
        yield Note(f"your own table is not used: {error}")
        own = None
    if own is not None:
        yield from leads_in_table(own, address, Authority.OWN_TABLE)
    yield from leads_in_table(tables.bundled(), address, Authority.TABLE)


def leads_in_table(found_in: Table, address: EmailAddress, authority: Authority) -> Iterator[Lead]:
    """Yield what one table says about *address*."""
    row = found_in.find_domain(address.domain)
    if row is not None:
        yield IdentifiedProvider(row.provider, authority)
        yield from claims_of(row, authority, f"{found_in.name}: {row.provider.id}", address.domain)


def claims_of(
    row: Row, authority: Authority, locator: str, domain: str = "", *, authentic: bool = False
) -> Iterator[Claim]:
    """Yield a claim for each server of *row*, in the row's order; *domain* is the one whose mail it is about.

    *authentic* says whether the DNS answer that led to the row could not have been forged.

    The first server of each protocol is worth contacting at once; the others are the same mailbox by other ports.
    """
    # What was found by MX, SPF or NS is only as good as the DNS answer that led to the row.
    safe = authentic or authority.by_exact_domain
    evidence = Evidence(authority, _SOURCE_NAMES[authority], locator, authentic=safe, domain=domain)
    for servers in (row.incoming, row.outgoing):
        begun: set[str] = set()
        for order, server in enumerate(servers):
            protocol = server.endpoint.protocol
            yield _claim(server, evidence, order, eager=protocol not in begun)
            begun.add(protocol)


_SOURCE_NAMES = {
    Authority.OWN_TABLE: "table",
    Authority.TABLE: "table",
    Authority.MX_TABLE: "mx",
    Authority.HOSTING: "hosting",
}


def _claim(server: TableServer, evidence: Evidence, order: int, *, eager: bool) -> Claim:
    eager = eager and server.endpoint.security is not Security.PLAIN
    return Claim(server.endpoint, evidence, server.usernames, server.auth, order, eager)
