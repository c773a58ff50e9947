"""Why the user is asked before a password is sent, and what to check, in words: for the card, the page and the docs.

{domain} is the domain of the address, {host} the server's name, {port} its port, {group} the domain that the server's
operator has registered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailsettings.model import ConfirmReason


@dataclass(frozen=True, slots=True)
class ReasonText:
    """One reason in two sentences."""

    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.reason} {self.advice}"


REASON_TEXTS = {
    ConfirmReason.OTHER_DOMAIN: ReasonText(
        "{group} is another domain than {domain}, and the list of known providers does not connect the two.",
        "Agree only if you know that your mailbox is at {group}: from your contract, or from those who run {domain}.",
    ),
    ConfirmReason.UNUSUAL_NAME: ReasonText(
        "Only a forgeable source leads to {host} inside {domain}, and mail servers do not usually have such a name.",
        "Agree only if those who run {domain} have told you to use {host}; "
        "a forgotten or rented name may lead to a stranger's machine.",
    ),
    ConfirmReason.UNUSUAL_PORT: ReasonText(
        "Port {port} is unusual for mail, and any user of that machine can run a server there.",
        "Agree only if the instructions of your provider name {host} with port {port}.",
    ),
    ConfirmReason.DOCUMENT_HOST: ReasonText(
        "The machine that published the settings names itself as the mail server.",
        "Agree only if those who run {domain} have told you to use {host}; "
        "a web server that was broken into would say the same.",
    ),
    ConfirmReason.NOT_IN_ROW: ReasonText(
        "The list of known providers has the servers of {domain}, but not {host}.",
        "Agree only if the help pages of your provider name {host}.",
    ),
    ConfirmReason.DISPUTED: ReasonText(
        "The list of known providers and {domain} itself name different servers.",
        "Agree if you know that your mailbox is at {group} today; those who run {domain} may have changed providers.",
    ),
    ConfirmReason.TRACES: ReasonText(
        "Only traces in the DNS of {domain} lead there, such as who may send its mail or who serves its web pages.",
        "Agree only if you know that your mailbox is at {group}, and not merely a web site or a newsletter.",
    ),
    ConfirmReason.BACKUP_EXCHANGER: ReasonText(
        "Only some of the mail exchangers of {domain} lead to this provider, and others may receive the mail first.",
        "Agree only if you know that your mailbox is at {group}.",
    ),
    ConfirmReason.CUSTOMER_EXCHANGER: ReasonText(
        "Mail for {domain} goes to a machine that may be run by a customer of the provider, not by the provider.",
        "Agree only if you know that your mailbox is at {group}, and not merely an Internet line or a rented machine.",
    ),
    ConfirmReason.PUBLIC_SUFFIX: ReasonText(
        "{domain} is a suffix under which the public registers names, so a stranger may run a server found for it.",
        "Agree only if the organisation that gave you the address has told you to use {host}.",
    ),
}


def reason_texts(asked: Iterable[tuple[ConfirmReason, str, int]], *, group: str, domain: str) -> tuple[str, ...]:
    """Return why the user is *asked* about the hosts of one group and what to check, each reason once.

    *asked* has reason, host and port of each server. All names are as the reader should see them.
    """
    hosts: dict[tuple[ConfirmReason, int], list[str]] = {}
    for why, host, port in asked:
        hosts.setdefault((why, port if why is ConfirmReason.UNUSUAL_PORT else 0), []).append(host)
    return tuple(
        str(REASON_TEXTS[why]).format(host=" and ".join(named), port=port, group=group, domain=domain)
        for (why, port), named in hosts.items()
    )


def rented_machine_warning(name: str) -> str:
    """Return the warning that *name* is one that a hoster or an Internet provider gives to a customer's machine."""
    return f"{name} is a machine that a customer of a hoster or an Internet provider runs; anyone can rent one."


def look_alike_warning(name: str, look_alike_of: str) -> str:
    """Return the warning that *name* is not the domain that it looks like."""
    return f"{name} looks like {look_alike_of}, but is not {look_alike_of}."
