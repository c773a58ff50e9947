"""The usual names of mail servers within a domain: what guesses try, and what needs no statement to be trusted. Pure.

The names, their order and their combinations were counted over 380 providers (docs/guessing.md): of those whose server
lies inside their own domain, 45 % use imap., 28 % mail., 7 % the domain itself; all other names are rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsettings.hostnames import registrable
from mailsettings.model import Protocol

# {d} stands for the address's domain, {r} for its registrable domain; most frequent first.
IMAP_NAMES = ("imap.{d}", "mail.{d}", "{d}", "imap.{r}", "mail.{r}", "{r}", "imap.mail.{d}", "pop.{d}")
POP3_NAMES = ("pop.{d}", "pop3.{d}", "mail.{d}", "{d}", "mail.{r}", "pop.{r}", "imap.{d}")
SMTP_NAMES = ("smtp.{d}", "mail.{d}", "{d}", "smtp.{r}", "mail.{r}", "{r}", "smtp.mail.{d}")
NAMES = {Protocol.IMAP: IMAP_NAMES, Protocol.POP3: POP3_NAMES, Protocol.SMTP: SMTP_NAMES}
# Exchangers on which small sites also have their mailboxes; not guessed, but as usual as the others.
_EXCHANGER_NAMES = ("mx.{d}", *(f"mx{number}.{{d}}" for number in range(1, 10)))
_NUMBERED_WITH_ZERO = tuple(f"mx0{number}.{{d}}" for number in range(1, 10))


def hosts_named(patterns: Iterable[str], domain: str) -> Iterator[tuple[str, str]]:
    """Yield each of *patterns* with the host it stands for at *domain*; where *domain* is registrable, {r} is {d}."""
    parent = registrable(domain)
    for pattern in patterns:
        if parent != domain or "{r}" not in pattern:
            yield pattern, pattern.format(d=domain, r=parent)


def usual_names(domain: str) -> frozenset[str]:
    """Return the host names that are usual for mail at *domain*; a name deeper down is not.

    Being a mail exchanger makes no name usual: an MX record can be forged.
    """
    patterns = (*(name for names in NAMES.values() for name in names), *_EXCHANGER_NAMES, *_NUMBERED_WITH_ZERO)
    return frozenset({registrable(domain), *(host for _, host in hosts_named(patterns, domain))})
