"""A detection as a short page of text for people, 80 columns wide. Pure.

Incoming    IMAP at imap.example.org, port 993, TLS
            verified: TLS 1.3, certificate until 2027-02-01, Dovecot, 48 ms
  user name ada@example.org
  login     password
  learned   SRV records of the domain (_imaps._tcp.example.org SRV)

What to type comes first, what to do before the first login next, what was tried only where something is missing. Made
from the JSON form of a detection (schema.py), so that an answer from the table alone can be printed without loading the
model (see fast_offline.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsettings.cli.exit_codes import both_verified, no_network
from mailsettings.cli.terminal import Colour, Pen, unicode_and_ascii, wrapped
from mailsettings.escape import printable

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from mailsettings.schema import Object

Lines = Iterator[str]

MAX_ALTERNATIVES = 2  # further servers of a direction that are named; --all shows every one in full
MAX_FAILURE_PLACES = 4  # where one kind of failure was met; --all shows every one
MAX_LINES = 24  # of a card without a server: what to do must not scroll away
MAX_FINDINGS = 3  # that are shown; `mailsettings check` shows all of them
MAX_PAGES = 2  # links to the provider's pages

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
PROVENANCE_LABELS = {
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


def card(detection: Object, pen: Pen, *, everything: bool = False) -> str:
    """Return *detection* as text; *everything* shows each choice, failure and reason.

    Where nothing was found, only as many failures are shown as fit on one screen, unless *everything* is wanted.
    """
    text = _card(detection, pen, tuple(_failures(detection, pen, everything=everything)), everything=everything)
    if everything or _found(detection) or text.count("\n") <= MAX_LINES:
        return text
    room = MAX_LINES - _card(detection, pen, (), everything=False).count("\n") - 1
    return _card(detection, pen, _fitting_failures(detection, pen, room), everything=False)


def _card(detection: Object, pen: Pen, failures: Iterable[str], *, everything: bool) -> str:
    sections = (
        _head(detection, pen),
        *_servers(detection, pen, everything=everything),
        _confirm(detection, pen),
        _hints(detection, pen, everything=everything),
        _listed("Notes", map(printable, detection["notes"]), pen),
        failures,
        _advice(detection, pen),
        _pages(detection, pen, everything=everything),
        _oauth(detection, everything=everything),
        _services(detection, pen, everything=everything),
        _foot(detection, pen),
    )
    return "\n\n".join("\n".join(lines) for section in sections if (lines := tuple(section))) + "\n"


def _head(detection: Object, pen: Pen) -> Lines:
    yield pen(_address(detection), Colour.STRONG)
    if suggestion := printable(detection["suggestion"]):
        yield pen(f"Did you mean {suggestion}?", Colour.WARNING)
    if provider := detection["provider"]:
        kind = "" if provider["kind"] in ("mailbox", "none") else f" ({provider['kind']})"
        yield from wrapped(printable(provider["name"] + kind), first=f"{'Provider':12}")


def _address(detection: Object) -> str:
    """Return the address, in Unicode and ASCII where they differ."""
    address, decoded = detection["address"], detection["shown_address"]
    return printable(address if decoded in ("", address) else f"{decoded} ({address})")


def _servers(detection: Object, pen: Pen, *, everything: bool) -> Iterator[Iterable[str]]:
    if not _found(detection):
        yield (pen("No mail server found", Colour.WARNING),)
        return
    for label, choices in (("Incoming", detection["incoming"]), ("Outgoing", detection["outgoing"])):
        if not choices:
            yield (pen(f"{label:12}", Colour.STRONG) + pen("no server found", Colour.WARNING),)
        elif everything:
            yield _direction_lines(label, choices, pen)
        else:
            yield _choice_lines(choices[0], label, pen, _notable_choices(choices))


def _found(detection: Object) -> bool:
    return bool(detection["incoming"] or detection["outgoing"])


def _direction_lines(label: str, choices: list[Object], pen: Pen) -> Lines:
    for number, choice in enumerate(choices, 1):
        yield from _choice_lines(choice, label if number == 1 else f"  {number}.", pen)
        for reason in choice["reasons"]:
            yield from wrapped(printable(reason), first=f"  {'because':10}")


def _notable_choices(choices: list[Object]) -> list[Object]:
    """Return the next choices that are as good as the first: verified like it, or unverified where none is."""
    return [choice for choice in choices[1:] if choice["verified"] or not choices[0]["verified"]][:MAX_ALTERNATIVES]


def _choice_lines(choice: Object, label: str, pen: Pen, others: Iterable[Object] = ()) -> Lines:
    """Yield the lines of *choice* under *label*, with one line for each of the *others*."""
    head, *tail = wrapped(_endpoint_text(choice), first=INDENT)
    yield pen(f"{label:12}", Colour.STRONG) + pen(head.strip(), Colour.STRONG)
    yield from tail
    colour = Colour.GOOD if choice["verified"] and choice["trust"] != "confirm" else Colour.WARNING
    yield from (INDENT + pen(line.strip(), colour) for line in wrapped(_state_text(choice), first=INDENT))
    for name, text in _rows(choice):
        yield from wrapped(text, first=f"  {name:10}")
    for other in others:
        yield from wrapped(f"{_endpoint_text(other)} ({_verdict(other)})", first=f"  {'or':10}", rest=INDENT)


def _endpoint_text(choice: Object) -> str:
    """Return the endpoint of *choice* as people write it."""
    security = _SECURITY[choice["security"]]
    return f"{choice['protocol'].upper()} at {unicode_and_ascii(choice['host'])}, port {choice['port']}, {security}"


def _state_text(choice: Object) -> str:
    """Say whether *choice* was verified, and what was seen or went wrong."""
    seen = ", ".join(_probe_remarks(choice["probe"])) if choice["probe"] else "not contacted"
    return f"{_verdict(choice)}: {seen}" if seen else _verdict(choice)


def _verdict(choice: Object) -> str:
    if not choice["verified"]:
        return "not verified"
    return "verified, to be confirmed" if choice["trust"] == "confirm" else "verified"


def _probe_remarks(probe: Object) -> Lines:
    """Yield what was seen by *probe*, or why it failed."""
    if probe["failure"]:
        from mailsettings.cli.messages import reason_text

        yield reason_text(probe["failure"])
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
        yield "learned", _provenance(choice)


def _provenance(choice: Object) -> str:
    """Say where the server was learned: the strongest evidence with its locator, then the other sources by name."""
    first, *rest = choice["evidence"]
    others = [name for name in dict.fromkeys(evidence["source"] for evidence in rest) if name != first["source"]]
    also = f"; also {', '.join(others)}" if others else ""
    return printable(f"{PROVENANCE_LABELS[first['authority']]} ({first['locator']}){also}")


def _confirm(detection: Object, pen: Pen) -> Lines:
    """Name the hosts to agree to, each on a line of its own so that none is overlooked or cut, and say why."""
    if not detection["confirmations"]:
        return
    yield pen("Confirm first", Colour.WARNING)
    groups = dict.fromkeys(each["group"] for each in detection["confirmations"])
    for number, group in enumerate(groups):
        yield from [""] if number else []
        yield from _question(group, detection, pen)


def _question(group: str, detection: Object, pen: Pen) -> Lines:
    from mailsettings.diagnosis.confirm_reasons import reason_texts
    from mailsettings.model import ConfirmReason

    asked = [each for each in detection["confirmations"] if each["group"] == group]
    yield from ("  " + pen(unicode_and_ascii(each["host"]), Colour.STRONG) for each in asked)
    for warning in (text for each in asked for text in _warnings(each)):
        yield from (pen(line, Colour.WARNING) for line in wrapped(warning, first="  "))
    if _named_by_domain(asked, detection):
        yield from wrapped(f"{_own_domain(detection)} itself names these servers.", first="  ")
    reasons = ((ConfirmReason(each["why"]), unicode_and_ascii(each["host"]), each["port"]) for each in asked)
    for text in reason_texts(reasons, group=unicode_and_ascii(group), domain=_own_domain(detection)):
        yield from wrapped(text, first="  ")


def _warnings(confirmation: Object) -> Lines:
    from mailsettings.diagnosis.confirm_reasons import look_alike_warning, rented_machine_warning
    from mailsettings.hostnames import rented_machine

    name = unicode_and_ascii(confirmation["host"])
    if other := confirmation["look_alike_of"]:
        yield look_alike_warning(name, unicode_and_ascii(other))
    if rented_machine(confirmation["host"]):
        yield rented_machine_warning(name)


def _named_by_domain(asked: list[Object], detection: Object) -> bool:
    """Say whether it is the domain itself that names the servers of another domain."""
    hosts = [each["host"] for each in asked if each["why"] == "other-domain"]
    best = (*detection["incoming"][:1], *detection["outgoing"][:1])
    evidence = [choice["evidence"] for choice in best if choice["host"] in hosts]
    return bool(evidence) and all(each and each[0]["authority"] == "domain" for each in evidence)


def _hints(detection: Object, pen: Pen, *, everything: bool) -> Lines:
    hints = [hint for hint in detection["hints"] if everything or _concerns(hint, detection)]
    if not hints:
        return
    yield pen("Before you log in" if _found(detection) else "What to know", Colour.STRONG)
    for number, hint in enumerate(hints, 1):
        yield from wrapped(printable(hint["text"] + _speaker(hint)), first=f"  {number}. ")
        if hint["url"]:
            yield " " * 5 + printable(hint["url"])


def _speaker(hint: Object) -> str:
    """Say which document *hint* is from; nothing for the words of a table."""
    evidence = hint.get("evidence")
    documents = ("domain", "ispdb", "mx-document")
    if evidence is None or evidence["authority"] not in documents:
        return ""
    return f" (says {PROVENANCE_LABELS[evidence['authority']]})"


def _concerns(hint: Object, detection: Object) -> bool:
    """Say whether *hint* is about logging in to the best servers: not about the other protocol, nor about limits."""
    parts = hint["id"].split("_")
    others = {"imap": "pop", "pop3": "imap"}
    unused = [others.get(choice["protocol"]) for choice in detection["incoming"][:1]]
    return "limit" not in parts and not any(part in unused for part in parts)


def _listed(title: str, texts: Iterable[str], pen: Pen) -> Lines:
    for number, text in enumerate(texts):
        if number == 0:
            yield pen(title, Colour.STRONG)
        yield from wrapped(text, first="  ", rest="    ")


def _failures(detection: Object, pen: Pen, *, everything: bool, at_most: int = MAX_FAILURE_PLACES) -> Lines:
    """Say what went wrong, if something is missing or *everything* is wanted."""
    if detection["failures"] and (everything or not both_verified(detection)):
        from mailsettings.cli.messages import failure_lines

        at_most = len(detection["failures"]) if everything else at_most
        yield from _listed("What went wrong", failure_lines(detection["failures"], at_most=at_most), pen)


def _fitting_failures(detection: Object, pen: Pen, room: int) -> tuple[str, ...]:
    """Return the section about failures in *room* lines: with fewer places, and then with fewer kinds of failures."""
    lines: tuple[str, ...] = ()
    for at_most in range(MAX_FAILURE_PLACES, 0, -1):
        lines = tuple(_failures(detection, pen, everything=False, at_most=at_most))
        if len(lines) <= room:
            return lines
    end = max(room - 1, 1)
    while end > 1 and lines[end].startswith("    "):  # no part of an entry
        end -= 1
    return (*lines[:end], "  and more (--all shows everything)")


def _advice(detection: Object, pen: Pen) -> Lines:
    """Say what is wrong and what to do about it, the worst first; without findings, by the kinds of failures alone."""
    # A typo in the address has its question at the top.
    found = [item for item in detection.get("findings", ()) if item["code"] != "typo"][:MAX_FINDINGS]
    if found:
        texts = (printable(f"{item['text']} {item['advice']} {item['link']}".strip()) for item in found)
        yield from _listed("What to do", texts, pen)
    elif detection["failures"] and not both_verified(detection):
        from mailsettings.cli.messages import advice

        yield from _listed("What to do", (advice(detection["failures"]),), pen)


def _pages(detection: Object, pen: Pen, *, everything: bool) -> Lines:
    """List the provider's pages that no hint links to."""
    linked = {hint["url"] for hint in detection["hints"]}
    pages = [page for page in detection["documentation"] if everything or page["url"] not in linked]
    listed = pages if everything else pages[:MAX_PAGES]
    texts = (printable(f"{page['url']} {page['text']}".strip()) for page in listed)
    yield from _listed("Pages of the provider", texts, pen)


def _services(detection: Object, pen: Pen, *, everything: bool) -> Lines:
    """Name the services offered beside mail; with *everything*, with their URLs."""
    services = detection["other_services"]
    if everything:
        yield from _listed("Also offered", (printable(f"{each['kind']} {each['url']}") for each in services), pen)
    elif services:
        kinds = ", ".join(dict.fromkeys(printable(each["kind"]) for each in services))
        yield from wrapped(f"{kinds} (--all shows where)", first="Also offered ")


def _oauth(detection: Object, *, everything: bool) -> Lines:
    """Name the issuers of tokens. One that only the domain itself vouches for is always shown, and marked."""
    for source in detection["oauth"]:
        origin = (
            "by the provider table"
            if source["known"]
            else f"only {_own_domain(detection)} says so; look before you log in"
        )
        if everything or not source["known"]:
            yield from wrapped(printable(f"{source['oauth']['issuer']} ({origin})"), first=f"{'OAuth2':12}")
        if everything and source["stated"]:
            yield from _stated_of_issuer(source["stated"])


def _stated_of_issuer(stated: Object) -> Lines:
    """List what an issuer or the document that names it states: to be read, not to be opened."""
    for name, value in stated.items():
        text = value if isinstance(value, str) else " ".join(value)
        if text:
            yield from wrapped(printable(f"{name} {text}"), first="  ", rest="    ")


def _own_domain(detection: Object) -> str:
    return unicode_and_ascii(detection["address"].rpartition("@")[2])


def _foot(detection: Object, pen: Pen) -> Lines:
    took = f"{detection['seconds']:.2f} s" if detection["seconds"] else ""
    details = ", ".join(filter(None, (took, printable(detection["settled_by"]))))
    statement = f"{_statement(detection)} ({details})." if details else f"{_statement(detection)}."
    yield from (pen(line, Colour.FAINT) for line in wrapped(statement))


def _statement(detection: Object) -> str:
    best = {"incoming": detection["incoming"][:1], "outgoing": detection["outgoing"][:1]}
    verified = [name for name, choices in best.items() if choices and choices[0]["verified"]]
    match verified:
        case [_, _]:
            return "Both servers were contacted and verified"
        case [name]:
            return f"Only the {name} server was verified"
    if no_network(detection):
        return "No network: nothing was verified"
    return "Nothing was verified" if _found(detection) else "Nothing was found"
