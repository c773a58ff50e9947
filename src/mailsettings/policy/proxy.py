"""The proxy for all connections, as a value: parsed from a URL once, its password never printed. Pure.

socks5://127.0.0.1:1080                   RFC 1928; port 1080
socks5://ada:secret@proxy.example.org     with a login (RFC 1929)
http://proxy.example.org:3128             CONNECT (RFC 9110 §9.3.6); port 80, or 443 with https:// (TLS to the proxy)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

from mailsettings.errors import MailSettingsError
from mailsettings.model import Audience, Note, ProxyAddress

if TYPE_CHECKING:
    from urllib.parse import SplitResult

HIDDEN = "***"
MAX_LOGIN_BYTES = 255  # bytes of a user name or a password: RFC 1929 gives their length one byte
_FORBIDDEN = frozenset(map(chr, (*range(32), 127)))
_LOCAL = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class ProxyScheme(StrEnum):
    """The protocol spoken to a proxy."""

    SOCKS5 = "socks5"
    HTTP = "http"
    HTTPS = "https"  # CONNECT inside TLS


_PORTS = {ProxyScheme.SOCKS5: 1080, ProxyScheme.HTTP: 80, ProxyScheme.HTTPS: 443}


class ProxyPassword:
    """A password that prints as *** and cannot be stored."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, only for sending it to the proxy."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProxyPassword) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return HIDDEN

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:  # dataclasses.asdict() makes copies
        return self

    def __reduce__(self) -> tuple[type[ProxyPassword], tuple[str]]:
        if not self._text:
            return ProxyPassword, ("",)  # a proxy without a login may be sent to a cluster
        raise TypeError("a proxy's password is not stored or sent anywhere else: it cannot be pickled")


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """One proxy; prints as its URL, with *** for the password."""

    scheme: ProxyScheme
    host: str  # a name or an IP address, without brackets
    port: int
    user: str = ""
    password: ProxyPassword = field(default_factory=lambda: ProxyPassword(""))

    @property
    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """Its IP addresses as far as they are known without DNS; empty for a name."""
        if self.host == "localhost":
            return _LOCAL
        try:
            return (ip_address(self.host),)
        except ValueError:
            return ()

    @property
    def address(self) -> ProxyAddress:
        """The proxy without its login, for failures."""
        return ProxyAddress(self.scheme.value, self.host, self.port)

    @property
    def name(self) -> str:
        """The proxy without its login, for messages."""
        return str(self.address)

    def with_password(self, password: str) -> Self:
        """Return the proxy with another *password* for its user. MailSettingsError if it is not usable."""
        _check_login(self.scheme, self.user, password)
        return replace(self, password=ProxyPassword(password))

    def notes(self, *, dns_past_proxy: bool) -> tuple[Note, ...]:
        """Return notes on what an answer found through this proxy cannot guarantee."""
        claims = "whom it connected to, and why it did not, is its word; who is there is proved by certificates only"
        past = ("DNS questions went past it, as was wished",) if dns_past_proxy else ()
        return tuple(Note(f"proxy {self.name}: {text}", audience=Audience.USER) for text in (claims, *past))

    def __str__(self) -> str:
        login = f"{self.user}:{HIDDEN}@" if self.user else ""
        return self.name.replace("://", f"://{login}", 1)

    def __repr__(self) -> str:
        return f"Proxy({str(self)!r})"


def parse_proxy(text: str, *, password: str | None = None) -> Proxy:
    """Parse the URL *text*; *password* is for a user whose password is not in it.

    Raises MailSettingsError, without any part of *text* behind the scheme, where a password might be.
    """
    scheme, url = _split(text)
    try:
        host, port = (url.hostname or "").rstrip("."), url.port
        user, url_password = _decoded(url.username), _decoded(url.password)
    except ValueError:
        # Not chained: these errors repeat the part of the URL that could not be parsed.
        raise MailSettingsError("the proxy's URL has no usable host, port or login") from None
    bracketed = "[" in url.netloc.rpartition("@")[2]
    if not _is_host(host) or bracketed != (":" in host) or port == 0:
        raise MailSettingsError("the proxy's URL has no usable host or port")
    if url.path not in ("", "/") or url.query or url.fragment:
        raise MailSettingsError(
            "the proxy's URL has something behind its port; signs such as / ? # are written as %2F in it"
        )
    proxy = Proxy(scheme, host, port or _PORTS[scheme], user or "", ProxyPassword(""))
    secret = url_password if url_password is not None else password
    if user is None and secret is None:
        return proxy
    return proxy.with_password(secret or "")


def has_password(text: str) -> bool:
    """Say whether the URL *text* may contain a password, however malformed it is."""
    return ":" in text.partition("://")[2].rpartition("@")[0]


def _split(text: str) -> tuple[ProxyScheme, SplitResult]:
    """Return the scheme and the rest of *text*."""
    from urllib.parse import urlsplit

    name, separator, rest = text.partition("://")
    if _FORBIDDEN & {*text}:
        raise MailSettingsError("the proxy's URL has control characters")  # urlsplit() would remove some of them
    try:
        return ProxyScheme(name.lower() if separator else ""), urlsplit(f"//{rest}")
    except ValueError:
        raise MailSettingsError("a proxy is socks5://host:port, http://host:port or https://host:port") from None


def _decoded(text: str | None) -> str | None:
    from urllib.parse import unquote

    return None if text is None else unquote(text, errors="strict")


def _is_host(host: str) -> bool:
    """Say whether *host* is an IP address or an ASCII name; any is allowed, since the user chose it."""
    if ":" in host:
        try:
            return bool(IPv6Address(host))
        except ValueError:
            return False
    labels = host.split(".")
    return all(0 < len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels) and (
        host.isascii() and len(host) < 254
    )


def _check_login(scheme: ProxyScheme, user: str, password: str) -> None:
    """Raise MailSettingsError, without naming them, unless *user* and *password* fit into the protocol."""
    if not user or not password:
        raise MailSettingsError("a login at the proxy needs a user name and a password")
    if _FORBIDDEN & {*user, *password}:
        raise MailSettingsError("a login at the proxy cannot have control characters")
    try:
        longest = max(len(user.encode()), len(password.encode()))
    except UnicodeEncodeError:  # from an environment that is not UTF-8; the error would show a part of it
        raise MailSettingsError("a login at the proxy has to be text") from None
    if longest > MAX_LOGIN_BYTES:
        raise MailSettingsError(f"a login at the proxy has at most {MAX_LOGIN_BYTES} bytes each")
    if scheme is not ProxyScheme.SOCKS5 and ":" in user:
        raise MailSettingsError("the user name of an HTTP proxy cannot have a colon (RFC 7617 §2)")
