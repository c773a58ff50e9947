"""The tables of docs/trust.md, made from the rules themselves: `python -m scripts.trust_table` writes them anew.

The first is the list of rules. The second has been tried out: for each statement about each kind of host, what
`decision.trust` says of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mailsettings.decision.trust import RULES, Assessment, MailDomain, trust_of
from mailsettings.model import (
    Auth,
    Authority,
    Candidate,
    Claim,
    ConfirmReason,
    Endpoint,
    Evidence,
    Hello,
    Probe,
    Protocol,
    Security,
    TLSFacts,
    Trust,
)

PAGE = Path(__file__).parent.parent / "docs" / "trust.md"
BEGIN, END = "<!-- {name}: made by python -m scripts.trust_table -->", "<!-- end of {name} -->"
DOMAIN = MailDomain(
    "example.org",
    in_table=lambda host: host in ("imap.hoster.example", "imap.row.example"),
    exchangers_row=lambda host: host == "imap.hoster.example",
)
WITH_ROW = replace(DOMAIN, row=lambda host: host == "imap.row.example")
DISPUTED = replace(WITH_ROW, row_disputed=True)
AT_SUFFIX = MailDomain("com.br")
# What the host is, the host, its port, further names of its certificate, the domain.
HOSTS = (
    ("a host of the row that the table has for D", "imap.row.example", 993, (), WITH_ROW),
    ("the same, and the row is disputed", "imap.row.example", 993, (), DISPUTED),
    ("another host, though the table has a row for D", "imap.example.org", 993, (), WITH_ROW),
    ("a host of the row of all most preferred exchangers", "imap.hoster.example", 993, (), DOMAIN),
    ("inside, a usual name", "imap.example.org", 993, (), DOMAIN),
    (
        "inside, another name, with a certificate for a usual one too",
        "box.example.org",
        993,
        ("*.example.org",),
        DOMAIN,
    ),
    ("inside, another name", "box.example.org", 993, (), DOMAIN),
    ("inside, a usual name, at another port", "imap.example.org", 2993, (), DOMAIN),
    ("elsewhere", "imap.other.example", 993, (), DOMAIN),
    ("anywhere, and D is a public suffix", "imap.com.br", 993, (), AT_SUFFIX),
)
STATEMENTS = (
    ("your own table", Authority.OWN_TABLE, True),
    ("fixed document, signed records", Authority.DOMAIN, True),
    ("public database", Authority.ISPDB, True),
    ("unsigned SRV", Authority.SRV, False),
    ("document over http", Authority.HTTP_DOCUMENT, False),
    ("guess", Authority.GUESS, False),
    ("traces in DNS", Authority.TRACE, False),
)


def page() -> str:
    """Return docs/trust.md with both tables as the rules have them now."""
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in (("rules", _rules()), ("cases", _cases())):
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = "\n".join((before + begin, *lines, end + after))
    return text


def _rules() -> Iterator[str]:
    yield "| | the verified server is … | and was learned from … | trust |"
    yield "|--:|---|---|---|"
    for number, rule in enumerate(RULES, 1):
        yield f"| {number} | {rule.server} | {rule.learned} | `{rule.trust}`{_because(rule.why)} |"


def _cases() -> Iterator[str]:
    yield f"| the server | {' | '.join(name for name, _, _ in STATEMENTS)} |"
    yield f"|---|{'---|' * len(STATEMENTS)}"
    for what, host, port, names, domain in HOSTS:
        found = (_tried(host, port, names, domain, by, authentic=safe) for _, by, safe in STATEMENTS)
        yield f"| {what} | {' | '.join(map(_shown, found))} |"


def _tried(
    host: str, port: int, names: tuple[str, ...], domain: MailDomain, by: Authority, *, authentic: bool
) -> Assessment:
    endpoint = Endpoint(Protocol.IMAP, host, port, Security.TLS)
    reason = ConfirmReason.TRACES if by is Authority.TRACE else None
    evidence = Evidence(by, "source", "locator", authentic, domain.name, confirm_reason=reason)
    tls = TLSFacts("TLSv1.3", names=(host, *names))
    probe = Probe(endpoint, hello=Hello("ready", auth=(Auth.PASSWORD,), tls=tls), tls=tls)
    return trust_of(Candidate(endpoint, (Claim(endpoint, evidence),)), probe, domain)


def _shown(found: Assessment) -> str:
    return f"asked: {found.why}" if found.trust is Trust.CONFIRM else found.trust


def _because(why: ConfirmReason | None) -> str:
    return f" ({why})" if why else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
