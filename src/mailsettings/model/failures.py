"""Failures: what was tried and did not work, and where (an endpoint, a DNS question, a URL, a proxy)."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailsettings.errors import Detail, DocumentError, FailureKind, NetworkError
from mailsettings.model.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Question:
    """One DNS question. *name* is absolute, lower-case, without the trailing dot; *type* is A, AAAA, MX, SRV, TXT …"""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class URL:
    """A document that was requested: `https://example.org/mail.xml`, `https://example.org/discover.xml (POST)`."""

    text: str
    method: str = "GET"

    @property
    def host(self) -> str:
        """Return the host's name; empty if there is none."""
        from urllib.parse import urlsplit

        try:
            return urlsplit(self.text).hostname or ""
        except ValueError:
            return ""

    def __str__(self) -> str:
        return self.text if self.method == "GET" else f"{self.text} ({self.method})"


@dataclass(frozen=True, slots=True)
class HostName:
    """A name that was resolved to IPv4 and IPv6 addresses: `imap.example.org A/AAAA`."""

    host: str

    def __str__(self) -> str:
        return f"{self.host} A/AAAA"


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """A proxy without its login: `socks5://127.0.0.1:1080`."""

    scheme: str
    host: str  # a name or an IP address, without brackets
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Task:
    """Work that is not one question to one place: `second look` (the inspections), a caller's own lookup."""

    name: str

    def __str__(self) -> str:
        return self.name


Where = Endpoint | Question | URL | HostName | ProxyAddress | Task


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was tried and did not work."""

    kind: FailureKind
    where: Where | None  # None: it was redacted, or there is no single place
    seen: str = ""  # for people; remote text in it is escaped
    detail: Detail | None = None
    redacted: str = field(default="", compare=False, repr=False)  # *seen* without remote text; not part of the JSON

    @classmethod
    def of(cls, where: Where | None, error: NetworkError | DocumentError) -> Failure:
        """Return *error*, raised by work at *where*, as a value."""
        if isinstance(error, DocumentError):
            return cls(error.kind, where, str(error))
        return cls(error.kind, where, error.seen, error.detail, error.redacted)

    @property
    def place(self) -> str:
        """Return *where* as text; empty if there is none."""
        return "" if self.where is None else str(self.where)
