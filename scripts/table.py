"""Format and check data/providers.yaml, and say what has changed in it since the last commit.

python -m scripts.table             format, check, write the JSON Schema and the patterns that hostnames.py reads,
                                    show the difference in meaning
python -m scripts.table --check     the same without writing: exit code 1 if the file is not in its form
python -m scripts.table --corpus DIRECTORY    also compare it with the public lists of settings in DIRECTORY
python -m scripts.table verify      contact every server of the table once and report the stale rows
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mailsettings.errors import TableError
from mailsettings.provider_table.compiler import compile_customers
from mailsettings.provider_table.document import json_schema, read_bundled
from scripts.table_checks import problems
from scripts.table_consistency import inconsistencies, old_rows
from scripts.table_facts import read_facts
from scripts.table_lists import contradictions
from scripts.table_text import header_of, write_table

ROOT = Path(__file__).parent.parent
YAML = ROOT / "data" / "providers.yaml"
SCHEMA = ROOT / "data" / "providers.schema.json"
CUSTOMERS = ROOT / "src" / "mailsettings" / "provider_table" / "customers.txt"


def main(arguments: list[str]) -> int:
    """Do what *arguments* say and return the exit code."""
    if arguments[:1] == ["verify"]:
        from scripts.stale import main as verify

        return verify(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m scripts.table")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args(arguments)
    try:
        return tidy(write=not options.check, today=date.today(), corpus=options.corpus)  # noqa: DTZ011 - a day is enough
    except TableError as error:
        print(error, file=sys.stderr)
        return 1


def tidy(*, write: bool, today: date, corpus: Path | None = None) -> int:
    """Bring the table and what is made of it into their form, or, without *write*, say whether they are.

    Returns the exit code: 1, too, if the table says what cannot be right, or what the lists in *corpus* contradict.
    """
    text = YAML.read_text(encoding="utf-8")
    table = read_bundled(text, str(YAML.relative_to(ROOT)))
    wanted = {
        YAML: write_table(table, header_of(text)),
        SCHEMA: json_schema(),
        CUSTOMERS: compile_customers(table),
    }
    changed = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    for path in changed:
        print(f"{path.relative_to(ROOT)}: {'written anew' if write else 'not in its form, run make table'}")
        if write:
            path.write_text(wanted[path], encoding="utf-8")
    print("\n".join(differences(_committed(), table)) or "no difference in meaning since the last commit")
    wrong = list(_wrong(table, today, corpus))
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if wrong or (changed and not write) else 0


def _wrong(table: Mapping[str, Any], today: date, corpus: Path | None) -> Iterator[str]:
    yield from problems(table)
    yield from inconsistencies(table)
    yield from old_rows(table, today)
    if corpus is not None:
        yield from contradictions(table, read_facts(corpus))


def _committed() -> dict[str, Any]:
    """Return the table of the last commit; an empty one where there is none, or none in today's form."""
    name = f"HEAD:{YAML.relative_to(ROOT)}"
    shown = subprocess.run(["git", "show", name], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    try:
        return read_bundled(shown.stdout, name) if shown.returncode == 0 else {"providers": {}}
    except TableError as error:  # the form itself has changed since
        print(f"the last commit's table cannot be compared: {error}")
        return {"providers": {}}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield what *new* says otherwise than *old*, a fact a line: `+ gmail: domains: gmail.com`."""
    if not old.get("providers"):
        yield f"+ {len(new['providers'])} providers, all of them new"
        return
    before, after = set(_all_facts(old)), set(_all_facts(new))
    yield from (f"{'-' if fact in before else '+'} {fact}" for fact in sorted(before ^ after))


def _all_facts(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield from facts(value, "" if key == "providers" else key)


def facts(value: Any, path: str = "") -> Iterator[str]:
    """Yield every fact in *value* as one line. Servers are numbered, since their order is a fact too."""
    match value:
        case {"protocol": _, "host": _}:
            yield f"{path}: {_server(value)}"
        case {"suffix": name, "kind": kind} | {"pattern": name, "kind": kind}:
            yield f"{path}: {name} ({kind})"
        case {"from": day, **others}:
            yield f"{path}: from {day}{''.join(f', {key} {item}' for key, item in others.items())}"
        case dict():
            for key, item in value.items():
                yield from facts(item, f"{path}: {key}" if path else str(key))
        case [{"protocol": _}, *_]:
            for number, item in enumerate(value, 1):
                yield from facts(item, f"{path} {number}")
        case list() | tuple():
            for item in value:
                yield from facts(item, path)
        case _:
            yield f"{path}: {value}"


def _server(server: Mapping[str, Any]) -> str:
    known = ("protocol", "host", "port", "security")
    others = "".join(f", {key} {value}" for key, value in sorted(server.items()) if key not in known)
    return f"{server['protocol']}://{server['host']}:{server['port']} ({server['security']}){others}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
