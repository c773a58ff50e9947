"""One choice as lines of text: what to type into a mail program, and why to believe it. Pure.

Incoming    IMAP at imap.example.org, port 993, TLS
            verified: TLS 1.3, certificate until 2027-02-01, Dovecot, 48 ms
  user name ada@example.org
  login     password
  learned   SRV records of the domain (_imaps._tcp.example.org SRV)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsettings.cli.text import Colour, Pen, both_forms, wrapped
from mailsettings.escape import printable

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from mailsettings.schema import Object

INDENT = " " * 12  # labels stand left of it
_SECURITY = {"tls": "TLS", "starttls": "STARTTLS", "plain": "no encryption"}
_LOGIN = {
    "oauth2": "OAuth2",
    "password": "password",
    "password-encrypted": "encrypted password",
    "gssapi": "Kerberos",
    "ntlm": "NTLM",
    "client-certificate": "client certificate",
    "none": "none wanted",
}
LEARNED = {
    "own-table": "your own table",
    "table": "provider table",
    "domain": "the domain itself",
    "ispdb": "ISPDB",
    "srv": "SRV records, unsigned",
    "mx-table": "provider table, by MX",
    "mx-document": "the mail exchanger's domain",
    "hosting": "traces of the hosting provider",
    "http-document": "a document that came in clear",
    "certificate": "named in a server's certificate",
    "guess": "guessed",
}


def lines_of(choice: Object, label: str, pen: Pen, others: Iterable[Object] = ()) -> Iterator[str]:
    """Yield the lines of *choice* under *label*, with one line for each of the *others*."""
    head, *tail = wrapped(server(choice), first=INDENT)
    yield pen(f"{label:12}", Colour.STRONG) + pen(head.strip(), Colour.STRONG)
    yield from tail
    colour = Colour.GOOD if _verified(choice) == "verified" else Colour.CARE
    yield from (INDENT + pen(line.strip(), colour) for line in wrapped(state(choice), first=INDENT))
    for name, text in _rows(choice):
        yield from wrapped(text, first=f"  {name:10}")
    for other in others:
        yield from wrapped(f"{server(other)} ({_verified(other)})", first=f"  {'or':10}", rest=INDENT)


def server(choice: Object) -> str:
    """Return the endpoint of *choice* as people say it."""
    security = _SECURITY[choice["security"]]
    return f"{choice['protocol'].upper()} at {both_forms(choice['host'])}, port {choice['port']}, {security}"


def state(choice: Object) -> str:
    """Say whether *choice* was verified, and what was seen or went wrong."""
    seen = ", ".join(_seen(choice["probe"])) if choice["probe"] else "not contacted"
    return f"{_verified(choice)}: {seen}" if seen else _verified(choice)


def _verified(choice: Object) -> str:
    if not choice["verified"]:
        return "not verified"
    return "verified, to be confirmed" if choice["trust"] == "confirm" else "verified"


def _seen(probe: Object) -> Iterator[str]:
    """Yield what a person would want to know of *probe*."""
    if probe["failure"]:
        from mailsettings.cli.words import reason

        yield reason(probe["failure"])
        return
    if tls := probe["hello"]["tls"] if probe["hello"] else probe["tls"]:
        yield printable(tls["version"]).replace("TLSv", "TLS ")
        if tls["not_after"]:
            yield f"certificate until {printable(tls['not_after'][:10])}"
    if probe["hello"] and probe["hello"]["software"]:
        yield printable(probe["hello"]["software"])
    if probe["steps"]:
        yield f"{1000 * sum(step['seconds'] for step in probe['steps']):.0f} ms"


def _rows(choice: Object) -> Iterator[tuple[str, str]]:
    if names := tuple(dict.fromkeys(name for name in (choice["username"], *choice["usernames"]) if name)):
        yield "user name", printable(", or ".join(names))
    if choice["auth"]:
        yield "login", " or ".join(_LOGIN[auth] for auth in choice["auth"])
    if choice["evidence"]:
        yield "learned", _learned(choice)


def _learned(choice: Object) -> str:
    """Say who named the server: the strongest word with its place, then the names of the other sources."""
    first, *rest = choice["evidence"]
    others = [name for name in dict.fromkeys(evidence["source"] for evidence in rest) if name != first["source"]]
    also = f"; also {', '.join(others)}" if others else ""
    return printable(f"{LEARNED[first['authority']]} ({first['locator']}){also}")
