"""The provider table as a source: the user's own first, then the bundled one. It makes no network request."""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.address import EmailAddress
from mailsettings.errors import TableError
from mailsettings.leads import Lead
from mailsettings.model import Authority, Claim, Evidence, Fact, Note, Security
from mailsettings.provider_table import table as tables
from mailsettings.provider_table.rows import Row, TableServer
from mailsettings.provider_table.table import Table


def provider_tables(address: EmailAddress) -> Iterator[Lead]:
    """Yield the domain's mail provider and its servers, if a table lists exactly this domain."""
    try:
        own = tables.own_table()
    except TableError as error:
        # A mistake in the user's file must neither disable the bundled table nor go unnoticed.
        yield Note(f"your own table is not used: {error}")
        own = None
    if own is not None:
        yield from (Note(f"an entry of your own table is not used: {problem}") for problem in own.problems)
        yield from leads_in_table(own, address, Authority.OWN_TABLE)
    yield from leads_in_table(tables.bundled(), address, Authority.TABLE)


def leads_in_table(searched: Table, address: EmailAddress, authority: Authority) -> Iterator[Lead]:
    """Yield what one table has about *address*."""
    row = searched.find_domain(address.domain)
    if row is not None:
        # The table itself cannot be forged in transit.
        locator = f"{searched.name}: {row.provider.id}"
        yield from leads_of_row(row, Evidence(authority, "table", locator, authentic=True, domain=address.domain))


def leads_of_row(row: Row, evidence: Evidence) -> Iterator[Lead]:
    """Yield the provider of *row* and a claim for each of its servers, in the row's order.

    The first server of each protocol is worth contacting at once; the others reach the same mailbox at other ports.
    User names and hints are those for customers' own domains, unless the domain of *evidence* is one of the row's.
    """
    if not evidence.authority.by_exact_domain and evidence.domain not in row.domains:
        row = row.for_custom_domain()
    yield Fact(row.provider, evidence)
    for servers in (row.incoming, row.outgoing):
        seen: set[str] = set()
        for order, server in enumerate(servers):
            protocol = server.endpoint.protocol
            yield _claim(server, evidence, order, eager=protocol not in seen)
            seen.add(protocol)


def _claim(server: TableServer, evidence: Evidence, order: int, *, eager: bool) -> Claim:
    eager = eager and server.endpoint.security is not Security.PLAIN
    return Claim(server.endpoint, evidence, server.usernames, server.auth, order, eager)
