"""Failures in words a person can act on. Pure.

no-such-name  imap.example.org A
no-such-name  imap.example.org AAAA    ->    imap.example.org: no such name
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailsettings.errors import Kind
from mailsettings.escape import printable
from mailsettings.model import URL, Endpoint, HostName, Question
from mailsettings.schema import read_where

if TYPE_CHECKING:
    from mailsettings.schema import Object

WORDS = {
    Kind.NO_SUCH_NAME: "no such name",
    Kind.NO_ADDRESS: "the name has no address",
    Kind.DNS_FAILED: "DNS cannot answer: the domain's name servers are broken or refuse",
    Kind.DNS_TIMEOUT: "DNS gave no answer in time",
    Kind.DENIED: "not contacted, the network profile does not allow it",
    Kind.BUDGET: "not contacted, enough had been tried",
    Kind.REFUSED: "nothing listens there",
    Kind.UNREACHABLE: "not reachable from here",
    Kind.CONNECT_TIMEOUT: "no answer to the connection, perhaps a firewall",
    Kind.CLOSED: "the server hung up",
    Kind.NO_NETWORK: "no network, or none that reaches the Internet",
    Kind.PROXY: "the proxy cannot be used",
    Kind.TLS_FAILED: "TLS failed",
    Kind.TLS_TIMEOUT: "TLS was not done in time",
    Kind.TLS_TOO_OLD: "only TLS versions that are no longer safe",
    Kind.NOT_TLS: "answers in clear where TLS should start",
    Kind.CERTIFICATE_NAME: "the certificate is for another name",
    Kind.CERTIFICATE_EXPIRED: "the certificate has expired",
    Kind.CERTIFICATE_NOT_YET_VALID: "the certificate is not valid yet",
    Kind.CERTIFICATE_SELF_SIGNED: "the certificate is signed by the server itself",
    Kind.CERTIFICATE_UNKNOWN_CA: "the certificate is signed by an authority this machine does not know",
    Kind.CERTIFICATE_OTHER: "the certificate is not valid",
    Kind.ALPN: "speaks another protocol inside TLS",
    Kind.GREETING_TIMEOUT: "connected, but the server said nothing",
    Kind.REPLY_TIMEOUT: "the server stopped answering",
    Kind.GREETING_REFUSED: "the server turned us away",
    Kind.WRONG_PROTOCOL: "something else than a mail server of this kind",
    Kind.BAD_REPLY: "the reply makes no sense",
    Kind.LIMIT: "the reply is too long",
    Kind.STARTTLS_NOT_OFFERED: "offers no encryption",
    Kind.STARTTLS_REFUSED: "refuses to start TLS",
    Kind.EARLY_BYTES: "somebody on the way tampers with the connection",
    Kind.PREAUTH: "claims in clear to be logged in already",
    Kind.NO_LOGIN: "offers no login",
    Kind.HTTP_STATUS: "no document there",
    Kind.HTTP_FAILED: "the web server cannot be used",
    Kind.INSECURE_REDIRECT: "leads away from https",
    Kind.NO_DOCUMENT: "a page, but no mail settings",
    Kind.INVALID_DOCUMENT: "mail settings that are broken",
    Kind.NO_MAIL: "receives no mail",
    Kind.NO_ACCESS: "the provider lets no mail program in",
    Kind.NOT_OFFERED: "the domain says that it has no such service",
    Kind.DEADLINE: "not done when the time was up",
    Kind.INTERNAL: "a mistake in mailsettings, please report it",
}

_CONNECTION = (Kind.CONNECT_TIMEOUT, Kind.UNREACHABLE, Kind.GREETING_TIMEOUT)
# What helps, most telling kinds first: the first that applies is shown.
ADVICE = (
    ((Kind.PROXY,), "Check the proxy, and what it lets through; nothing was tried without it."),
    ((Kind.NO_NETWORK,), "Check the connection of this machine, then try again."),
    ((Kind.NO_MAIL,), "Check the spelling of the domain: it says that it takes no mail."),
    ((Kind.NO_ACCESS,), "Use the provider's own apps or its web page."),
    ((Kind.EARLY_BYTES,), "Do not log in from this network; try another one."),
    (tuple(kind for kind in Kind if kind.about_certificate), "Do not log in there; tell whoever runs the server."),
    ((Kind.STARTTLS_NOT_OFFERED, Kind.TLS_TOO_OLD), "Do not log in there; ask the provider for servers with TLS."),
    ((Kind.DNS_TIMEOUT,), "Check the DNS resolver of this machine, or name one with --resolver."),
    (_CONNECTION, "A firewall may block mail: try another network, or a longer --timeout."),
    ((Kind.DNS_FAILED,), "Whoever runs the domain has to repair its DNS."),
    ((Kind.DEADLINE, Kind.REPLY_TIMEOUT, Kind.TLS_TIMEOUT), "Try again with a longer --timeout."),
)
USUAL_ADVICE = "Check the spelling, or ask the provider for the names of its mail servers."

# Published settings are a bonus: that most domains have none is no news to somebody who looks for a server.
_EXPECTED = frozenset({Kind.HTTP_STATUS, Kind.NO_DOCUMENT})
_ABOUT_NAMES = frozenset({Kind.NO_SUCH_NAME, Kind.NO_ADDRESS})


def explained(failures: Iterable[Object], *, at_most: int = 4) -> Iterator[str]:
    """Yield one line for each kind of failure, with *at_most* places where it was met.

    Servers first, then documents and DNS records that most domains do not have.
    """
    known = tuple(failures)
    yield from dict.fromkeys(reason(failure) for failure in known if failure["kind"] == Kind.PROXY)
    groups: dict[Kind, dict[str, None]] = {}
    for failure in sorted(known, key=lambda failure: failure["kind"] in _EXPECTED):
        groups.setdefault(Kind(failure["kind"]), {})[place(failure)] = None
    groups.pop(Kind.PROXY, None)  # no place is to blame for that
    for kind, places in groups.items():
        # Without a network every place says the same.
        where = "" if kind is Kind.NO_NETWORK else f"{_some(list(places), at_most)}: "
        yield f"{where}{WORDS[kind]}"


def reason(failure: Object) -> str:
    """Return what went wrong, with the remote words where there are any."""
    words, seen = WORDS[Kind(failure["kind"])], printable(failure["seen"])
    return f"{words} ({seen})" if seen and seen not in words else words


def advice(failures: Iterable[Object]) -> str:
    """Return the sentence that says what to do about *failures*."""
    met = {failure["kind"] for failure in failures}
    return next((text for kinds, text in ADVICE if met.intersection(kinds)), USUAL_ADVICE)


def place(failure: Object) -> str:
    """Return where *failure* happened, as short as people name it: a host, host:port, a URL or a DNS record."""
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


def _some(places: list[str], at_most: int) -> str:
    """List *places*, those beyond *at_most* as a number."""
    if len(places) <= at_most:
        return ", ".join(places)
    return f"{', '.join(places[:at_most])} and {len(places) - at_most} more"
