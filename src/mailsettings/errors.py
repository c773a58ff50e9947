"""Errors a caller can act on.

MailSettingsError
├── AddressError          the address or host name typed is not one mail can use
├── TableError            a providers.yaml cannot be read
├── DocumentError         a document is not in the format expected where it was found
├── ConfirmationRequired  a password may go to these hosts only after the user has agreed
└── NetworkError          one question to the network failed; has a FailureKind. The engine turns it into a Failure
    ├── CertificateError  the chain is valid, the name is not; has what the certificate says. In net/certificates.py
    └── UnprovenError     the server accepted a login without proving that it knows the password (SCRAM)

`detect()` itself raises only AddressError: network failure is data (Detection.failures).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

_QUOTE = "{}"  # where remote text belongs in the message of a NetworkError


class FailureKind(StrEnum):
    """What went wrong, as far as this side of the connection can tell."""

    # names
    NO_SUCH_NAME = "no-such-name"  # NXDOMAIN
    NO_ADDRESS = "no-address"  # the name exists, without A or AAAA
    DNS_FAILED = "dns-failed"  # SERVFAIL, REFUSED, a broken zone or signature
    DNS_TIMEOUT = "dns-timeout"
    # connections
    DENIED = "denied"  # the policy does not allow this address, port or name
    BUDGET = "budget"  # the policy's number of questions or connections is used up
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect-timeout"
    CLOSED = "closed"  # closed or reset before the dialogue was over
    NO_NETWORK = "no-network"
    PROXY = "proxy"  # the proxy itself: not reached, login refused, not understood; nothing about a server
    # TLS
    TLS_FAILED = "tls-failed"
    TLS_TIMEOUT = "tls-timeout"
    TLS_TOO_OLD = "tls-too-old"
    NOT_TLS = "not-tls"  # plaintext on a port for implicit TLS
    CERTIFICATE_NAME = "certificate-name"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_SELF_SIGNED = "certificate-self-signed"
    CERTIFICATE_UNKNOWN_CA = "certificate-unknown-ca"
    CERTIFICATE_OTHER = "certificate-other"
    ALPN = "alpn"  # the server chose a protocol of another kind
    # dialogue
    GREETING_TIMEOUT = "greeting-timeout"
    REPLY_TIMEOUT = "reply-timeout"
    GREETING_REFUSED = "greeting-refused"  # 554, 421, BYE, -ERR: it speaks the protocol and refuses service
    WRONG_PROTOCOL = "wrong-protocol"
    BAD_REPLY = "bad-reply"
    LIMIT = "limit"  # more bytes, lines or records than the policy reads
    STARTTLS_NOT_OFFERED = "starttls-not-offered"
    STARTTLS_REFUSED = "starttls-refused"
    EARLY_BYTES = "early-bytes"  # plaintext behind the STARTTLS reply: an injection attack
    PREAUTH = "preauth"  # the connection counts as logged in already, so that no password proves who the user is
    NO_LOGIN = "no-login"  # no login method offered after TLS
    LOGIN_REQUIRED = "login-required"  # JMAP: 401 instead of a session, as any web site behind a password sends
    OTHER_HOST = "other-host"  # JMAP: a redirect to another host, which says nothing about the first
    # documents
    HTTP_STATUS = "http-status"
    HTTP_FAILED = "http-failed"
    INSECURE_REDIRECT = "insecure-redirect"
    NO_DOCUMENT = "no-document"  # HTML, an empty body, another format
    INVALID_DOCUMENT = "invalid-document"
    # answers
    NO_MAIL = "no-mail"  # the domain says that it receives no mail (RFC 7505)
    NO_ACCESS = "no-standard-access"  # the provider offers neither IMAP nor POP3 to mail programs
    NOT_OFFERED = "not-offered"  # SRV target "." (RFC 2782)
    DEADLINE = "deadline"  # not finished when the time was up
    INTERNAL = "internal"  # a bug in this program; the other sources went on

    @property
    def about_certificate(self) -> bool:
        return self.value.startswith("certificate-")


class Detail(StrEnum):
    """What was seen beyond the kind, if it changes what a failure means."""

    DNSSEC_BOGUS = "dnssec-bogus"  # DNS_FAILED: the resolver found the signatures wrong (RFC 8914)
    WEAK_DH = "weak-dh"  # TLS_FAILED: the server's Diffie-Hellman group is too small
    STARTTLS_REWRITTEN = "starttls-rewritten"  # STARTTLS_NOT_OFFERED: a firewall has overwritten the extension
    INSIDE_TLS = "inside-tls"  # PREAUTH: the server itself says so, and no one on the way
    BEHIND_GO_AHEAD = "behind-go-ahead"  # CLOSED, TLS_TIMEOUT or NOT_TLS: the server had agreed to STARTTLS
    UNFINISHED_LINE = "unfinished-line"  # a timeout or the end of the stream in the middle of a line


class MailSettingsError(Exception):
    """Root of all errors this package raises."""


class AddressError(MailSettingsError, ValueError):
    """The address cannot be one that receives mail; the message says why."""

    meant: str = ""  # the address that was probably meant, for the user to agree to

    def __init__(self, message: str, *, meant: str = "") -> None:
        super().__init__(message)
        self.meant = meant


class TableError(MailSettingsError, ValueError):
    """A provider table breaks a rule; the message names entry, field and value."""


class DocumentError(MailSettingsError, ValueError):
    """A document is not usable; *kind* says whether it is missing or broken."""

    def __init__(self, message: str, kind: FailureKind = FailureKind.INVALID_DOCUMENT) -> None:
        super().__init__(message)
        self.kind = kind


class ConfirmationRequired(MailSettingsError):  # noqa: N818 - a question to the user, not an error
    """No source safe from forgery vouches for these servers; nothing was sent. Ask the user about *hosts* first."""

    def __init__(self, hosts: tuple[str, ...], look_alikes: Mapping[str, str] | None = None) -> None:
        super().__init__(f"the user has to agree first to sending the password to {', '.join(hosts)}")
        self.hosts = hosts  # A-labels
        self.look_alikes = dict(look_alikes or {})  # those of *hosts* that look like another domain, and which


class NetworkError(MailSettingsError, OSError):
    """One question to the network has no usable answer.

    Remote text goes into *quoting*, escaped and quoted, and not into *message*, which is ours. It replaces `{}`, or
    else is put at the end:

        NetworkError(FailureKind.BAD_REPLY, "{} is neither +OK nor -ERR", quoting=quoted(line))
        NetworkError(FailureKind.CLOSED, "closed in the middle of a line", quoting=quoted(rest))
    """

    def __init__(self, kind: FailureKind, message: str, *, quoting: str = "", detail: Detail | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self._message = message
        self._quoting = quoting
        super().__init__(f"{kind}: {self.seen}")

    @property
    def seen(self) -> str:
        """Return what was seen, for people, with the quoted remote text."""
        if not self._quoting:
            return self._message
        message = self._message if _QUOTE in self._message else f"{self._message}: {_QUOTE}"
        return message.replace(_QUOTE, self._quoting, 1)

    @property
    def redacted(self) -> str:
        """Return what was seen without remote text: a server may repeat the password it was sent."""
        return self._message.replace(_QUOTE, "…", 1) if self._quoting else self._message

    def again(self, kind: FailureKind | None = None, *, prefix: str = "") -> NetworkError:
        """Return a new error with the same message, of another *kind* and behind *prefix* if they are given.

        An error that is raised twice collects the tracebacks of both raises: caches raise a new one each time.
        """
        message = f"{prefix}{self._message}"
        return NetworkError(kind or self.kind, message, quoting=self._quoting, detail=self.detail)


class UnprovenError(NetworkError):
    """The server accepted the login without the proof that SCRAM requires: it may not know the password."""
