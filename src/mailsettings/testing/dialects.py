"""Replies of well-behaved IMAP, POP3 and SMTP servers: one command line in, one reply out. Pure. Logins are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """What a server offers at this point of a conversation."""

    host: str
    capabilities: tuple[str, ...]
    mechanisms: tuple[str, ...]
    starttls: bool
    starttls_reply: str = ""  # instead of "go ahead"; `{tag}` is the command's


@dataclass(frozen=True, slots=True)
class DialectReply:
    """A reply: its lines joined by LF, and what happens after it."""

    text: str
    starts_tls: bool = False
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """The server side of a protocol."""

    greeting: Callable[[ServerOffer], str]
    react: Callable[[str, ServerOffer], DialectReply]


def imap_capabilities(offer: ServerOffer) -> str:
    """Return the capability list; a server that requires TLS first adds LOGINDISABLED (RFC 9051 §6.2.3)."""
    tls = ("STARTTLS", "LOGINDISABLED") if offer.starttls else ()
    return " ".join((*offer.capabilities, *tls, *(f"AUTH={name}" for name in offer.mechanisms)))


def _imap_greeting(offer: ServerOffer) -> str:
    return f"* OK [CAPABILITY {imap_capabilities(offer)}] Dovecot ready."


def _imap(line: str, offer: ServerOffer) -> DialectReply:  # noqa: PLR0911 - one return for each command
    """Answer one IMAP command (RFC 9051 §6.1, §6.2)."""
    tag, _, command = line.partition(" ")
    match command.upper().split(" ")[0]:
        case "CAPABILITY":
            return DialectReply(f"* CAPABILITY {imap_capabilities(offer)}\n{tag} OK Done.")
        case "STARTTLS" if offer.starttls:
            return _start_tls(f"{tag} OK Begin TLS now.", offer.starttls_reply.replace("{tag}", tag))
        case "ID":
            return DialectReply(f'* ID ("name" "Dovecot")\n{tag} OK Done.')
        case "NOOP":
            return DialectReply(f"{tag} OK Done.")
        case "LOGOUT":
            return DialectReply(f"* BYE Leaving\n{tag} OK Done.", closes=True)
        case "LOGIN" | "AUTHENTICATE" if offer.starttls:
            return DialectReply(f"{tag} NO [PRIVACYREQUIRED] TLS comes first.")
        case "LOGIN" | "AUTHENTICATE":
            return DialectReply(f"{tag} NO [AUTHENTICATIONFAILED] Not known here.")
        case _:
            return DialectReply(f"{tag} BAD Unknown command.")


def _pop3_greeting(_offer: ServerOffer) -> str:
    return "+OK Dovecot ready."


def _pop3(line: str, offer: ServerOffer) -> DialectReply:  # noqa: PLR0911 - one return for each command
    """Answer one POP3 command (RFC 1939, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4)."""
    match line.upper().split(" "):
        case ["CAPA"]:
            return DialectReply("\n".join(("+OK", *_pop3_capabilities(offer), ".")))
        case ["STLS"] if offer.starttls:
            return _start_tls("+OK Begin TLS now.", offer.starttls_reply)
        case ["AUTH"]:
            return DialectReply("\n".join(("+OK", *offer.mechanisms, ".")))
        case ["NOOP"]:
            return DialectReply("+OK")
        case ["QUIT"]:
            return DialectReply("+OK Leaving", closes=True)
        case ["USER", _] if not offer.starttls:
            return DialectReply("+OK")
        case ["PASS" | "AUTH", *_] if not offer.starttls:
            return DialectReply("-ERR [AUTH] Not known here.")
        case _:
            return DialectReply("-ERR Unknown command.")


def _pop3_capabilities(offer: ServerOffer) -> tuple[str, ...]:
    tls = ("STLS",) if offer.starttls else ()
    login = ("USER", f"SASL {' '.join(offer.mechanisms)}") if offer.mechanisms else ()
    return (*offer.capabilities, *tls, *login)


def _smtp_greeting(offer: ServerOffer) -> str:
    return f"220 {offer.host} ESMTP Postfix"


def _smtp(line: str, offer: ServerOffer) -> DialectReply:  # noqa: PLR0911 - one return for each command
    """Answer one SMTP command (RFC 5321 §4.1.1, RFC 3207 §4, RFC 4954 §3)."""
    match line.upper().split(" "):
        case ["EHLO", _]:
            return DialectReply(_smtp_extensions(offer))
        case ["HELO", _]:
            return DialectReply(f"250 {offer.host}")
        case ["STARTTLS"] if offer.starttls:
            return _start_tls("220 2.0.0 Ready to start TLS", offer.starttls_reply)
        case ["NOOP" | "RSET"]:
            return DialectReply("250 2.0.0 Ok")
        case ["QUIT"]:
            return DialectReply("221 2.0.0 Bye", closes=True)
        case ["AUTH", *_] if offer.mechanisms:
            return DialectReply("535 5.7.8 Not known here")
        case ["MAIL" | "RCPT" | "DATA", *_]:
            return DialectReply("530 5.7.0 Log in first")
        case _:
            return DialectReply("502 5.5.2 Command not recognized")


def _smtp_extensions(offer: ServerOffer) -> str:
    """Return the reply to EHLO: every line but the last with a hyphen (RFC 5321 §4.2.1)."""
    tls = ["STARTTLS"] if offer.starttls else []
    auth = [f"AUTH {' '.join(offer.mechanisms)}"] if offer.mechanisms else []
    *lines, last = [offer.host, *offer.capabilities, *tls, *auth]
    return "".join(f"250-{line}\n" for line in lines) + f"250 {last}"


def _start_tls(usual: str, refusal: str) -> DialectReply:
    return DialectReply(refusal or usual, starts_tls=not refusal)


IMAP = Dialect(_imap_greeting, _imap)
POP3 = Dialect(_pop3_greeting, _pop3)
SMTP = Dialect(_smtp_greeting, _smtp)
