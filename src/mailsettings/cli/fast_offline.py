"""`mailsettings --offline ADDRESS` for a domain of the bundled table, without loading more than what it prints.

The whole process may take 60 ms where an empty Python takes 14. The model's dataclasses alone take 40, so this way goes
straight from the compiled row (see compiler.py) to the JSON values that a card is drawn from. Whatever is not
plain (other options, an unusual address, a table of the user's own, a domain the table does not know, servers without
TLS) is left to the usual way. A test holds the two against each other for every domain in the table.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, cast

from mailsettings.cli.card import card
from mailsettings.cli.exit_codes import verdict
from mailsettings.cli.text import pen, tolerate_narrow_encodings, wants_colours, written
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST, MAGIC

if TYPE_CHECKING:
    from mailsettings.cli.flat import Choice, Detection

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib costs 8 ms
_COMPILED = os.path.join(_PACKAGE, "provider_table", "_data", "providers.table")  # noqa: PTH118
_YAML = os.path.join(_PACKAGE, "..", "..", "data", "providers.yaml")  # noqa: PTH118 - a checkout has it
_PLAIN_ADDRESS = re.compile(r"([a-z0-9_-]+(?:[.+][a-z0-9_-]+)*)@([a-z0-9.-]+)", re.IGNORECASE)
_PREFERENCE = ("imap", "pop3", "jmap", "smtp")
_SECURITY = ("tls", "starttls")


def answered(arguments: list[str]) -> int | None:
    """Answer if *arguments* are `--offline` and a plain address the table knows; return the exit code, or None."""
    words = [word for word in arguments if word != "--offline"]
    if len(arguments) != 2 or len(words) != 1:
        return None
    detection = offline(words[0])
    if detection is None:
        return None
    tolerate_narrow_encodings()
    return written(card(detection, pen(colours=wants_colours(sys.stdout))), verdict(detection))


def offline(text: str) -> Detection | None:
    """Return what the bundled table says of the address *text*, or None if that takes more than looking."""
    address = _PLAIN_ADDRESS.fullmatch(text)
    if address is None or len(address[1]) > 64 or len(text) > 254 or not _only_bundled():
        return None
    local, domain = address[1], address[2].lower()
    row = _row(domain)
    return None if row is None or _has_plain(row) else _detection(row, local, domain)


def _only_bundled() -> bool:
    """Say whether the compiled table is there, up to date, and the only one."""
    config = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")  # noqa: PTH111
    own = os.path.join(config, "mailsettings", "providers.yaml")  # noqa: PTH118
    if sys.platform != "linux" or os.path.lexists(own):
        return False
    try:
        return not os.path.exists(_YAML) or os.stat(_YAML).st_mtime <= os.stat(_COMPILED).st_mtime  # noqa: PTH110, PTH116
    except FileNotFoundError:
        return False


def _row(domain: str) -> dict[str, Any] | None:
    """Return the compiled row of *domain*."""
    with open(_COMPILED, "rb") as file:  # noqa: PTH123
        header, _, rest = file.read().partition(b"\n")
    magic, _, length = header.rpartition(b" ")
    start = rest.find(f"\nd {domain} ".encode(), 0, int(length)) if magic == MAGIC else -1
    if start < 0:
        return None
    offset = int(length) + int(rest[start + 1 : rest.index(b"\n", start + 1)].split(b" ")[2])
    row: dict[str, Any] = json.loads(rest[offset : rest.index(b"\n", offset)])
    return row


def _has_plain(row: dict[str, Any]) -> bool:
    """Say whether *row* has a server without TLS, for which the table source has servers with TLS to offer."""
    return any(server["security"] == "plain" for server in (*row["incoming"], *row["outgoing"]))


def _detection(row: dict[str, Any], local: str, domain: str) -> Detection:
    hints = [{"url": "", **hint} for hint in row["hints"]]
    pages = [{"text": "", "language": "", **page} for page in row["docs"]]
    found = {
        "schema": 1,
        "address": f"{local}@{domain}",
        "provider": {**{name: row[name] for name in ("id", "name", "kind")}, "hints": hints, "documentation": pages},
        "incoming": _choices(row, "incoming", local, domain),
        "outgoing": _choices(row, "outgoing", local, domain),
        "confirm": [],
        "hints": hints,
        "documentation": pages,
        "notes": [],
        "failures": [],
        "other_services": [],
        "settled_by": "the provider table alone; nobody was contacted",
        "seconds": 0.0,
        "suggestion": "",
        "shown_address": f"{local}@{domain}",
        "oauth": [],  # a card shows only what the table does not know
    }
    return cast("Detection", found)  # the compiled row was checked when it was written


def _choices(row: dict[str, Any], direction: str, local: str, domain: str) -> list[Choice]:
    """Return the row's servers in the order that rank.py gives to claims of the table."""
    servers = row[direction]
    first = {server["protocol"]: order for order, server in reversed(list(enumerate(servers)))}

    def key(order: int) -> tuple[object, ...]:
        protocol, security = servers[order]["protocol"], servers[order]["security"]
        place = (_PREFERENCE.index(protocol), _SECURITY.index(security), order)
        return (first[protocol], *place)

    return [_choice(servers[order], row["id"], local, domain) for order in sorted(range(len(servers)), key=key)]


def _choice(server: dict[str, Any], id_: str, local: str, domain: str) -> Choice:
    """Return *server* with what a card shows of a choice; reasons are for --all, which goes the usual way."""
    fill = {"%EMAILADDRESS%": f"{local}@{domain}", "%EMAILLOCALPART%": local, DOMAIN_IN_HOST: domain}
    names = [re.sub("%[A-Z]+%", lambda found: fill.get(found[0], found[0]), name) for name in server["usernames"]]
    evidence = {"authority": "table", "source": "table", "locator": f"providers.yaml: {id_}"}
    found = {
        **{name: server[name] for name in ("protocol", "port", "security", "auth")},
        "host": server["host"].replace(DOMAIN_IN_HOST, domain),
        "username": names[0],
        "usernames": names,
        "verified": False,
        "evidence": [evidence],
        "probe": None,
    }
    return cast("Choice", found)  # as above
