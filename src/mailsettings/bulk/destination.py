"""Where a domain's mail goes, as far as politeness needs to know: a provider of the table, or a machine."""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.errors import NetworkError
from mailsettings.hostnames import registrable
from mailsettings.interfaces import MX, Net
from mailsettings.model import Question
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row

# Providers that pass the mail on: where the mailboxes are has to be found out.
_PASSING_ON = frozenset({"filter", "forwarder"})


@dataclass(frozen=True, slots=True)
class Destination:
    """What the domains that burden the same servers have in common: a provider's id, an IP address, or themselves."""

    key: str
    known: bool = False  # the table has servers for it, so that no name need be guessed
    dead: bool = False  # there is no such domain, or it receives no mail: nothing else is worth asking


async def destination(net: Net, domain: str) -> Destination:
    """Say where the mail of *domain* goes: its provider, else the address of its first mail exchanger, else itself.

    The detection asks the same questions, and is answered from its own memory.
    """
    if (row := table.find_domain(domain)) is not None:
        return _of_row(row)
    try:
        answer = await net.ask(Question(domain, "MX"))
        host = _first_exchanger(answer.records)
        if not host:
            return Destination(domain, dead=not answer.exists or bool(answer.records))
        row = table.find_mx(host, domain=domain)
        return _of_row(row) if row is not None else Destination(min(await net.resolve(host)))
    except NetworkError:
        return Destination(domain)


def likely_destination(domain: str) -> Destination:
    """Say where the mail of *domain* goes as far as that is known without asking: the table, else its own owner."""
    row = table.find_domain(domain)
    return _of_row(row) if row is not None else Destination(registrable(domain))


def _of_row(row: Row) -> Destination:
    passes_on = row.provider.kind in _PASSING_ON
    return Destination(row.provider.id, known=bool(row.incoming and row.outgoing) and not passes_on)


def _first_exchanger(records: tuple[object, ...]) -> str:
    exchangers = sorted((each.preference, each.host) for each in records if isinstance(each, MX) and each.host)
    return exchangers[0][1] if exchangers else ""
