"""What port and security usually go together, to judge documents that say one of them strangely or not at all."""

from __future__ import annotations

from mailsettings.model import Protocol, Security

# RFC 8314 §3, RFC 6409 §3.1; 25 is accepted for submission where a server still wants it.
USUAL = {
    Protocol.IMAP: {993: Security.TLS, 143: Security.STARTTLS},
    Protocol.POP3: {995: Security.TLS, 110: Security.STARTTLS},
    Protocol.SMTP: {465: Security.TLS, 587: Security.STARTTLS, 25: Security.STARTTLS},
}
_BY_PORT = {port: security for ports in USUAL.values() for port, security in ports.items()}


def security_of(port: int) -> Security:
    """Return how TLS starts on *port*; on an unknown one with the first byte. Never plain."""
    return _BY_PORT.get(port, Security.TLS)


def port_of(protocol: Protocol, security: Security) -> int:
    """Return the usual port of *protocol*; plain mail shares the one of STARTTLS."""
    wanted = Security.TLS if security is Security.TLS else Security.STARTTLS
    ports = USUAL[protocol]
    # 465 before 587 before 25: the table is in order of preference.
    return next(port for port, usual in ports.items() if usual is wanted)
