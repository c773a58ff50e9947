"""`mailsettings --offline ADDRESS` for a domain of the bundled table, without loading more than what it prints.

The whole process may take 60 ms where an empty Python takes 14. The model's dataclasses alone take 40, so a row of the
table becomes the JSON form of a detection (schema.py) here, as far as a card shows it. Everything else (other options,
an unusual address, a table of the user's own, a domain that is not in the table, servers without TLS) is left to
detect.py. A test compares the two for every domain in the table.
"""

from __future__ import annotations

import os
import re
import sys

from mailsettings.cli.card import card
from mailsettings.cli.exit_codes import exit_code
from mailsettings.cli.terminal import escape_unencodable, pen, wants_colours, write_output
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST
from mailsettings.provider_table.files import COMPILED, is_stale, own_path
from mailsettings.provider_table.index import read, servers

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from mailsettings.schema import Object

_PLAIN_ADDRESS = re.compile(r"([a-z0-9_-]+(?:[.+][a-z0-9_-]+)*)@([a-z0-9.-]+)", re.IGNORECASE)
_PREFERENCE = ("imap", "pop3", "jmap", "smtp")
_SECURITY = ("tls", "starttls")


def answer_offline(arguments: list[str]) -> int | None:
    """Answer if *arguments* are `--offline` and a plain address in the table; return the exit code, or None."""
    addresses = [argument for argument in arguments if argument != "--offline"]
    if len(arguments) != 2 or len(addresses) != 1:
        return None
    detection = offline_json(addresses[0])
    if detection is None:
        return None
    escape_unencodable()
    return write_output(card(detection, pen(colours=wants_colours(sys.stdout))), exit_code(detection))


def offline_json(text: str) -> Object | None:
    """Return the detection of the bundled table for the address *text*, or None if that takes more than a look-up."""
    address = _PLAIN_ADDRESS.fullmatch(text)
    if address is None or len(address[1]) > 64 or len(text) > 254:
        return None
    local, domain = address[1], address[2].lower()
    row = _row(domain)
    return None if row is None or _has_plaintext_server(row) else _detection(row, local, domain)


def _row(domain: str) -> Object | None:
    """Return the compiled row of *domain*; None, too, if the user has a table or the compiled one is unusable."""
    if os.path.lexists(own_path()) or is_stale():
        return None
    try:
        return read(COMPILED).by_domain(domain)
    except (OSError, ValueError):
        return None  # detect.py will report what is wrong with it


def _has_plaintext_server(row: Object) -> bool:
    """Say whether *row* has a server without TLS: the table source offers servers with TLS in its place."""
    return any(server["security"] == "plain" for server in (*row["incoming"], *row["outgoing"]))


def _detection(row: Object, local: str, domain: str) -> Object:
    address = f"{local}@{domain}"
    pages = [{"text": "", "language": "", **page} for page in row["docs"]]
    return {
        "schema": 1,
        "address": address,
        "provider": {name: row[name] for name in ("id", "name", "kind", "hints")} | {"documentation": pages},
        "incoming": _choices(row, "incoming", local, domain),
        "outgoing": _choices(row, "outgoing", local, domain),
        "confirm": [],
        "confirmations": [],
        "hints": row["hints"],
        "documentation": pages,
        "notes": [],
        "failures": [],
        "other_services": [],
        "settled_by": "the provider table alone; nobody was contacted",
        "settled": "table-only",
        "seconds": 0.0,
        "suggestion": "",
        "shown_address": address,
        "oauth": [],  # a card shows only issuers that are not in the table
        "findings": [],
    }


def _choices(row: Object, direction: str, local: str, domain: str) -> list[Object]:
    """Return the row's servers in the order that decision/ranking.py gives to claims of the table."""
    found = servers(row, direction, domain)
    first = {server["protocol"]: order for order, server in reversed(list(enumerate(found)))}

    def key(order: int) -> tuple[int, ...]:
        protocol, security = found[order]["protocol"], found[order]["security"]
        return (first[protocol], _PREFERENCE.index(protocol), _SECURITY.index(security), order)

    return [_choice(found[order], row["id"], local, domain) for order in sorted(range(len(found)), key=key)]


def _choice(server: Object, id_: str, local: str, domain: str) -> Object:
    """Return *server* with what a card shows of a choice; reasons are for --all, which is left to detect.py."""
    values = {"%EMAILADDRESS%": f"{local}@{domain}", "%EMAILLOCALPART%": local, DOMAIN_IN_HOST: domain}
    names = [re.sub("%[A-Z]+%", lambda found: values.get(found[0], found[0]), name) for name in server["usernames"]]
    return {
        **{name: server[name] for name in ("protocol", "host", "port", "security", "auth")},
        "username": names[0],
        "usernames": names,
        "verified": False,
        "evidence": [{"authority": "table", "source": "table", "locator": f"providers.yaml: {id_}"}],
        "probe": None,
    }
