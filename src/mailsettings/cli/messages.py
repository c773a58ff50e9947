"""Failures as text for people. Pure.

no-such-name  imap.example.org A
no-such-name  imap.example.org AAAA    ->    imap.example.org: no such name
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailsettings.errors import AddressError, FailureKind
from mailsettings.escape import printable
from mailsettings.model import URL, Endpoint, HostName, Question
from mailsettings.schema import read_where

if TYPE_CHECKING:
    from mailsettings.schema import Object

KIND_TEXTS = {
    FailureKind.NO_SUCH_NAME: "no such name",
    FailureKind.NO_ADDRESS: "the name has no address",
    FailureKind.DNS_FAILED: "DNS cannot answer: the domain's name servers are broken or refuse",
    FailureKind.DNS_TIMEOUT: "DNS gave no answer in time",
    FailureKind.DENIED: "not contacted, the network profile does not allow it",
    FailureKind.BUDGET: "not contacted, enough had been tried",
    FailureKind.REFUSED: "nothing listens there",
    FailureKind.UNREACHABLE: "not reachable from here",
    FailureKind.CONNECT_TIMEOUT: "no answer to the connection, perhaps a firewall",
    FailureKind.CLOSED: "the server hung up",
    FailureKind.NO_NETWORK: "no network, or none that reaches the Internet",
    FailureKind.PROXY: "the proxy cannot be used",
    FailureKind.TLS_FAILED: "TLS failed",
    FailureKind.TLS_TIMEOUT: "TLS was not done in time",
    FailureKind.TLS_TOO_OLD: "only TLS versions that are no longer safe",
    FailureKind.NOT_TLS: "answers in clear where TLS should start",
    FailureKind.CERTIFICATE_NAME: "the certificate is for another name",
    FailureKind.CERTIFICATE_EXPIRED: "the certificate has expired",
    FailureKind.CERTIFICATE_NOT_YET_VALID: "the certificate is not valid yet",
    FailureKind.CERTIFICATE_SELF_SIGNED: "the certificate is signed by the server itself",
    FailureKind.CERTIFICATE_UNKNOWN_CA: "the certificate is signed by an authority this machine does not know",
    FailureKind.CERTIFICATE_OTHER: "the certificate is not valid",
    FailureKind.ALPN: "speaks another protocol inside TLS",
    FailureKind.GREETING_TIMEOUT: "connected, but the server said nothing",
    FailureKind.REPLY_TIMEOUT: "the server stopped answering",
    FailureKind.GREETING_REFUSED: "the server turned us away",
    FailureKind.WRONG_PROTOCOL: "something else than a mail server of this kind",
    FailureKind.BAD_REPLY: "the reply makes no sense",
    FailureKind.LIMIT: "the reply is too long",
    FailureKind.STARTTLS_NOT_OFFERED: "does not offer STARTTLS",
    FailureKind.STARTTLS_REFUSED: "refuses to start TLS",
    FailureKind.EARLY_BYTES: "somebody on the way tampers with the connection",
    FailureKind.PREAUTH: "counts the connection as logged in before any login",
    FailureKind.NO_LOGIN: "offers no login",
    FailureKind.LOGIN_REQUIRED: "asks for a login before it shows what it is",
    FailureKind.OTHER_HOST: "leads to another server",
    FailureKind.HTTP_STATUS: "no document there",
    FailureKind.HTTP_FAILED: "the web server cannot be used",
    FailureKind.INSECURE_REDIRECT: "leads away from https",
    FailureKind.NO_DOCUMENT: "a page, but no mail settings",
    FailureKind.INVALID_DOCUMENT: "mail settings that are broken",
    FailureKind.NO_MAIL: "receives no mail",
    FailureKind.NO_ACCESS: "the provider lets no mail program in",
    FailureKind.NOT_OFFERED: "the domain says that it has no such service",
    FailureKind.DEADLINE: "not done when the time was up",
    FailureKind.INTERNAL: "a mistake in mailsettings, please report it",
}

_CONNECTION = (FailureKind.CONNECT_TIMEOUT, FailureKind.UNREACHABLE, FailureKind.GREETING_TIMEOUT)
# What helps, most specific kinds first: the first that applies is shown.
ADVICE = (
    ((FailureKind.PROXY,), "Check the proxy, and what it lets through; nothing was tried without it."),
    ((FailureKind.NO_NETWORK,), "Check the connection of this machine, then try again."),
    ((FailureKind.NO_MAIL,), "Check the spelling of the domain: it says that it takes no mail."),
    ((FailureKind.NO_ACCESS,), "Use the provider's own apps or its web page."),
    ((FailureKind.EARLY_BYTES,), "Do not log in from this network; try another one."),
    (
        tuple(kind for kind in FailureKind if kind.about_certificate),
        "Do not log in there; tell whoever runs the server.",
    ),
    (
        (FailureKind.STARTTLS_NOT_OFFERED, FailureKind.TLS_TOO_OLD),
        "Do not log in there; ask the provider for servers with TLS.",
    ),
    ((FailureKind.DNS_TIMEOUT,), "Check the DNS resolver of this machine, or name one with --resolver."),
    (_CONNECTION, "A firewall may block mail: try another network, or a longer --timeout."),
    ((FailureKind.DNS_FAILED,), "Whoever runs the domain has to repair its DNS."),
    ((FailureKind.DEADLINE, FailureKind.REPLY_TIMEOUT, FailureKind.TLS_TIMEOUT), "Try again with a longer --timeout."),
)
USUAL_ADVICE = "Check the spelling, or ask the provider for the names of its mail servers."

# Published settings are a bonus: that most domains have none is no news to a user who needs a server.
_USUAL_KINDS = frozenset({FailureKind.HTTP_STATUS, FailureKind.NO_DOCUMENT})
_ABOUT_NAMES = frozenset({FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS})


def failure_lines(failures: Iterable[Object], *, at_most: int = 4) -> Iterator[str]:
    """Yield one line for each kind of failure, with *at_most* places where it occurred.

    Servers first, then documents and DNS records that most domains do not have.
    """
    listed = tuple(failures)
    yield from dict.fromkeys(reason_text(failure) for failure in listed if failure["kind"] == FailureKind.PROXY)
    groups: dict[FailureKind, dict[str, None]] = {}
    for failure in sorted(listed, key=lambda failure: failure["kind"] in _USUAL_KINDS):
        groups.setdefault(FailureKind(failure["kind"]), {})[place_text(failure)] = None
    groups.pop(FailureKind.PROXY, None)  # one cause, wherever it was met
    for kind, places in groups.items():
        # Without a network every place fails alike.
        where = "" if kind is FailureKind.NO_NETWORK else f"{_abbreviated(list(places), at_most)}: "
        yield f"{where}{KIND_TEXTS[kind]}"


def reason_text(failure: Object) -> str:
    """Return what went wrong and, in brackets, what was seen unless it only repeats that."""
    text, seen = KIND_TEXTS[FailureKind(failure["kind"])], printable(failure["seen"])
    return f"{text} ({seen})" if seen and seen not in text else text


def address_error_text(error: AddressError) -> str:
    """Return what is wrong with an address and, if there is one, the address that was probably meant."""
    return f"{error}; did you mean {error.meant}?" if error.meant else str(error)


def advice(failures: Iterable[Object]) -> str:
    """Return the sentence that says what to do about *failures*."""
    met = {failure["kind"] for failure in failures}
    return next((text for kinds, text in ADVICE if met.intersection(kinds)), USUAL_ADVICE)


def place_text(failure: Object) -> str:
    """Return where *failure* happened, in short: a host, host:port, a URL or a DNS record."""
    about_name = failure["kind"] in _ABOUT_NAMES
    match read_where(failure["where"]):
        case Endpoint(_, host) | HostName(host) if about_name:
            return printable(host)
        case Endpoint(_, host, port, security):
            return printable(f"{host}:{port} ({security})")
        case URL() as url if about_name:
            return printable(url.host)
        case HostName(name) | Question(name, "A" | "AAAA"):
            return printable(name)
        case Question(name) if name.startswith("_"):
            return printable(name)
        case where:
            return printable(str(where or ""))


def _abbreviated(places: list[str], at_most: int) -> str:
    """List *places*; those beyond *at_most* are counted only."""
    if len(places) <= at_most:
        return ", ".join(places)
    return f"{', '.join(places[:at_most])} and {len(places) - at_most} more"
