"""Errors a caller can act on.

MailSettingsError
├── AddressError          the address or host name typed is not one mail can use
├── TableError            a providers.yaml cannot be read
├── DocumentError         a document is not what its place promises
├── ConfirmationRequired  a password may go to these domains only after the user has agreed
└── NetworkError          one question to the network failed; carries a Kind. The engine turns it into a Failure
    ├── CertificateError  the chain is fine, the name is not: carries what the certificate says (net.certificates)
    └── UnprovenError     the server says yes to a login without proving that it knows the password (SCRAM)

`detect()` itself raises only AddressError: network failure is data (Detection.failures).
"""

from __future__ import annotations

from enum import StrEnum

_QUOTE = "{}"  # where remote text belongs in the words of a NetworkError


class FailureKind(StrEnum):
    """What went wrong, as far as it could be seen from here."""

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
    PROXY = "proxy"  # the proxy itself: not reached, login refused, not understood; says nothing about a server
    # TLS
    TLS_FAILED = "tls-failed"
    TLS_TIMEOUT = "tls-timeout"
    TLS_TOO_OLD = "tls-too-old"
    NOT_TLS = "not-tls"  # clear text on a port that should start with TLS
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
    GREETING_REFUSED = "greeting-refused"  # 554, 421, BYE, -ERR: it speaks the protocol and says no
    WRONG_PROTOCOL = "wrong-protocol"
    BAD_REPLY = "bad-reply"
    LIMIT = "limit"  # more bytes, lines or records than the policy reads
    STARTTLS_NOT_OFFERED = "starttls-not-offered"
    STARTTLS_REFUSED = "starttls-refused"
    EARLY_BYTES = "early-bytes"  # bytes in clear behind the STARTTLS reply: somebody tampers
    PREAUTH = "preauth"  # already logged in, in clear
    NO_LOGIN = "no-login"  # no login method offered after TLS
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
    DEADLINE = "deadline"  # not over when the time was up
    INTERNAL = "internal"  # a mistake of ours; the other sources went on

    @property
    def about_certificate(self) -> bool:
        return self.value.startswith("certificate-")


class Detail(StrEnum):
    """What is known beyond the kind, where it changes what a failure means."""

    DNSSEC_BOGUS = "dnssec-bogus"  # DNS_FAILED: the resolver found the signatures wrong (RFC 8914)
    WEAK_DH = "weak-dh"  # TLS_FAILED: the server's Diffie-Hellman group is too small
    STARTTLS_REWRITTEN = "starttls-rewritten"  # STARTTLS_NOT_OFFERED: a firewall has overwritten the extension
    UNFINISHED_LINE = "unfinished-line"  # a time-out or an end of the stream after the first part of a line


class MailSettingsError(Exception):
    """Root of every error this package raises."""


class AddressError(MailSettingsError, ValueError):
    """The address cannot be one that receives mail; the message says why."""


class TableError(MailSettingsError, ValueError):
    """A provider table breaks a rule; the message names entry, field and value."""


class DocumentError(MailSettingsError, ValueError):
    """A document is not usable; *kind* says whether it is none or a broken one."""

    def __init__(self, message: str, kind: FailureKind = FailureKind.INVALID_DOCUMENT) -> None:
        super().__init__(message)
        self.kind = kind


class ConfirmationRequired(MailSettingsError):  # noqa: N818 - a question to the user, no mistake of anybody's
    """Nobody safe from forgery vouches for these servers; nothing has been sent. Ask the user about *domains* first."""

    def __init__(self, domains: tuple[str, ...]) -> None:
        super().__init__(f"the user has to agree first to sending the password to {', '.join(domains)}")
        self.domains = domains


class NetworkError(MailSettingsError, OSError):
    """One question to the network has no usable answer.

    Remote text goes into *quoting*, escaped and between quotes, and not into *said*, which is ours. It stands in place
    of `{}`, or else at the end:

        NetworkError(Kind.BAD_REPLY, "{} is neither +OK nor -ERR", quoting=quoted(line))
        NetworkError(Kind.CLOSED, "closed in the middle of a line", quoting=quoted(rest))
    """

    def __init__(self, kind: FailureKind, said: str, *, quoting: str = "", detail: Detail | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self._said = said
        self._quoting = quoting
        super().__init__(f"{kind}: {self.seen}")

    @property
    def seen(self) -> str:
        """Return what was seen, in words, with what was quoted."""
        if not self._quoting:
            return self._said
        said = self._said if _QUOTE in self._said else f"{self._said}: {_QUOTE}"
        return said.replace(_QUOTE, self._quoting, 1)

    @property
    def redacted(self) -> str:
        """Return what was seen without anything remote: a server may repeat the password it was sent."""
        return self._said.replace(_QUOTE, "…", 1) if self._quoting else self._said

    def again(self, kind: FailureKind | None = None, *, prefix: str = "") -> NetworkError:
        """Return a new error that says the same, of another *kind* and behind *prefix* if they are given.

        An error that is raised twice collects the tracebacks of all who raise it: caches hand out new ones.
        """
        said = f"{prefix}{self._said}"
        return NetworkError(kind or self.kind, said, quoting=self._quoting, detail=self.detail)


class UnprovenError(NetworkError):
    """The server did not prove that it knows the password, as SCRAM has it: its yes counts for nothing."""
