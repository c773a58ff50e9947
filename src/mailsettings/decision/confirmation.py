"""What the user has to agree to before a password is sent: each host, and why. Pure.

imap.hoster.example:993, other-domain, group hoster.example     one question, with
smtp.hoster.example:465, other-domain, group hoster.example     both hosts in it

Agreeing takes hosts. A domain is not enough: at many hosters, strangers rent machines with names below its domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsettings.address import EmailAddress
from mailsettings.decision.typos import imitated
from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host, registrable
from mailsettings.model import Choice, Confirmation, ConfirmReason, Endpoint, Trust
from mailsettings.provider_table import table


def confirmations(best: Iterable[Choice], address: EmailAddress) -> tuple[Confirmation, ...]:
    """Return what the user has to agree to before a password goes to the *best* choices: each host once."""
    found: dict[str, Confirmation] = {}
    for choice in best:
        if choice.trust is Trust.CONFIRM:
            confirmation = confirmation_of(choice.endpoint, choice.confirm_reason, address)
            previous = found.setdefault(confirmation.host, confirmation)
            # An unusual port is the one to show: agreeing to the usual one must not cover it unseen.
            if confirmation.why is ConfirmReason.UNUSUAL_PORT and previous.why is not ConfirmReason.UNUSUAL_PORT:
                found[confirmation.host] = confirmation
    return tuple(found.values())


def confirmation_of(endpoint: Endpoint, why: ConfirmReason | None, address: EmailAddress) -> Confirmation:
    """Return what the user of *address* has to agree to before a password goes to *endpoint*."""
    group = registrable(endpoint.host)
    look_alike = _look_alike_of(endpoint.host, group, registrable(address.domain))
    return Confirmation(endpoint.host, endpoint.port, group, why or ConfirmReason.OTHER_DOMAIN, look_alike)


def _look_alike_of(host: str, group: str, own: str) -> str:
    if group == own or table.host_provider(host) is not None:
        return ""
    return imitated(host, group, own)


def agreed_hosts(names: Iterable[str]) -> frozenset[str]:
    """Return the hosts that a user has named, as A-labels; what is no host name agrees to nothing."""
    return frozenset(_plain_hosts(names))


def _plain_hosts(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            yield parse_host(name.strip())
        except AddressError:
            continue
