"""What well-behaved servers say: one command line in, one reply out. Pure. Nobody can log in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers at this point of a conversation."""

    host: str
    capabilities: tuple[str, ...]
    mechanisms: tuple[str, ...]
    starttls: bool
    starttls_reply: str = ""  # instead of "go ahead"; `{tag}` is the command's


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reply: lines without their ends, and what happens after it."""

    text: str
    starts_tls: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol, as servers speak it."""

    greeting: Callable[[Offer], str]
    react: Callable[[str, Offer], Reaction]


def imap_capabilities(offer: Offer) -> str:
    """Return the capability list; a server that wants TLS first says LOGINDISABLED (RFC 9051 §6.2.3)."""
    tls = ("STARTTLS", "LOGINDISABLED") if offer.starttls else ()
    return " ".join((*offer.capabilities, *tls, *(f"AUTH={name}" for name in offer.mechanisms)))


def _imap_greeting(offer: Offer) -> str:
    return f"* OK [CAPABILITY {imap_capabilities(offer)}] Dovecot ready."


def _imap(line: str, offer: Offer) -> Reaction:  # noqa: PLR0911 - one return for each command
    """Answer one IMAP command (RFC 9051 §6.1, §6.2)."""
    tag, _, command = line.partition(" ")
    match command.upper().split(" ")[0]:
        case "CAPABILITY":
            return Reaction(f"* CAPABILITY {imap_capabilities(offer)}\n{tag} OK Done.")
        case "STARTTLS" if offer.starttls:
            return _start_tls(f"{tag} OK Begin TLS now.", offer.starttls_reply.replace("{tag}", tag))
        case "ID":
            return Reaction(f'* ID ("name" "Dovecot")\n{tag} OK Done.')
        case "NOOP":
            return Reaction(f"{tag} OK Done.")
        case "LOGOUT":
            return Reaction(f"* BYE Leaving\n{tag} OK Done.", leaves=True)
        case "LOGIN" | "AUTHENTICATE" if offer.starttls:
            return Reaction(f"{tag} NO [PRIVACYREQUIRED] TLS comes first.")
        case "LOGIN" | "AUTHENTICATE":
            return Reaction(f"{tag} NO [AUTHENTICATIONFAILED] Not known here.")
        case _:
            return Reaction(f"{tag} BAD Unknown command.")


def _pop3_greeting(_offer: Offer) -> str:
    return "+OK Dovecot ready."


def _pop3(line: str, offer: Offer) -> Reaction:  # noqa: PLR0911 - one return for each command
    """Answer one POP3 command (RFC 1939, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4)."""
    match line.upper().split(" "):
        case ["CAPA"]:
            return Reaction("\n".join(("+OK", *_pop3_capabilities(offer), ".")))
        case ["STLS"] if offer.starttls:
            return _start_tls("+OK Begin TLS now.", offer.starttls_reply)
        case ["AUTH"]:
            return Reaction("\n".join(("+OK", *offer.mechanisms, ".")))
        case ["NOOP"]:
            return Reaction("+OK")
        case ["QUIT"]:
            return Reaction("+OK Leaving", leaves=True)
        case ["USER", _] if not offer.starttls:
            return Reaction("+OK")
        case ["PASS" | "AUTH", *_] if not offer.starttls:
            return Reaction("-ERR [AUTH] Not known here.")
        case _:
            return Reaction("-ERR Unknown command.")


def _pop3_capabilities(offer: Offer) -> tuple[str, ...]:
    tls = ("STLS",) if offer.starttls else ()
    login = ("USER", f"SASL {' '.join(offer.mechanisms)}") if offer.mechanisms else ()
    return (*offer.capabilities, *tls, *login)


def _smtp_greeting(offer: Offer) -> str:
    return f"220 {offer.host} ESMTP Postfix"


def _smtp(line: str, offer: Offer) -> Reaction:  # noqa: PLR0911 - one return for each command
    """Answer one SMTP command (RFC 5321 §4.1.1, RFC 3207 §4, RFC 4954 §3)."""
    match line.upper().split(" "):
        case ["EHLO", _]:
            return Reaction(_smtp_extensions(offer))
        case ["HELO", _]:
            return Reaction(f"250 {offer.host}")
        case ["STARTTLS"] if offer.starttls:
            return _start_tls("220 2.0.0 Ready to start TLS", offer.starttls_reply)
        case ["NOOP" | "RSET"]:
            return Reaction("250 2.0.0 Ok")
        case ["QUIT"]:
            return Reaction("221 2.0.0 Bye", leaves=True)
        case ["AUTH", *_] if offer.mechanisms:
            return Reaction("535 5.7.8 Not known here")
        case ["MAIL" | "RCPT" | "DATA", *_]:
            return Reaction("530 5.7.0 Log in first")
        case _:
            return Reaction("502 5.5.2 Command not recognized")


def _smtp_extensions(offer: Offer) -> str:
    """Return the reply to EHLO: every line but the last with a hyphen (RFC 5321 §4.2.1)."""
    tls = ["STARTTLS"] if offer.starttls else []
    auth = [f"AUTH {' '.join(offer.mechanisms)}"] if offer.mechanisms else []
    *lines, last = [offer.host, *offer.capabilities, *tls, *auth]
    return "".join(f"250-{line}\n" for line in lines) + f"250 {last}"


def _start_tls(usual: str, refusal: str) -> Reaction:
    return Reaction(refusal or usual, starts_tls=not refusal)


IMAP = Dialect(_imap_greeting, _imap)
POP3 = Dialect(_pop3_greeting, _pop3)
SMTP = Dialect(_smtp_greeting, _smtp)
