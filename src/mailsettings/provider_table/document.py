"""The form of providers.yaml, checked field by field.

    providers:
      gmail:
        name: Gmail
        domains:
          - gmail.com
        incoming:
          - {protocol: imap, host: imap.gmail.com, port: 993, security: tls}
        outgoing:
          - {protocol: smtp, host: smtp.gmail.com, port: 465, security: tls}
        source: https://support.google.com/mail/answer/7126229
        checked: 2026-11-21

The user's own table has the same form and needs only domains and servers. What one provider may have is in entries.py.
The JSON Schema for editors is generated from these classes (data/providers.schema.json).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, model_validator

from mailsettings.errors import TableError
from mailsettings.hostnames import below_or_matches, matches
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST, TRACES, split_pattern
from mailsettings.provider_table.entries import (
    Domain,
    ExchangerEntry,
    HintId,
    Id,
    Machines,
    OwnEntry,
    Part,
    ProviderEntry,
    SharedEntry,
    Text,
)
from mailsettings.provider_table.yaml_lines import Located, read_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class OwnFile(Part):
    """The user's own table."""

    providers: dict[Id, OwnEntry]
    hints: dict[HintId, Text] = Field(default_factory=dict)
    popular: tuple[Domain, ...] = ()
    customers: tuple[Machines, ...] = Field((), description="machines that customers rent at hosters without a row")

    @model_validator(mode="after")
    def _names_are_unique(self) -> OwnFile:
        for what in ("domains", "mx", "hosts", "customers", *TRACES):
            owners: dict[str, str] = {}
            for name, entry in self.providers.items():
                for key in _names(entry, what):
                    if key in owners:
                        raise ValueError(f"{what}: {key!r} is both {owners[key]!r} and {name!r}")
                    owners[key] = name
        return self

    @model_validator(mode="after")
    def _receivers_exist(self) -> OwnFile:
        for name, entry in self.providers.items():
            for other in entry.received_by:
                if other not in self.providers or other == name:
                    raise ValueError(f"received_by of {name!r}: {other!r} is no other row")
        return self


class File(OwnFile):
    """The bundled table."""

    providers: dict[Id, ProviderEntry]  # type: ignore[assignment]  # narrower on purpose: frozen, so nothing wider gets in

    @model_validator(mode="after")
    def _hints_have_texts(self) -> File:
        for name, entry in self.providers.items():
            for hint in (*entry.hints, *(entry.custom_domains.hints if entry.custom_domains else ())):
                if hint.text is None and hint.id not in self.hints:
                    raise ValueError(f"{name!r} has the hint {hint.id!r}, for which there is no text")
        return self


def read_bundled(text: str, name: str) -> dict[str, Any]:
    """Return the bundled table as plain values, checked. TableError names line, field and value."""
    return _checked(File, read_yaml(text, name))


def read_own(text: str, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the user's own table as plain values, and what is wrong with entries that are left out, a line each.

    TableError if it is wrong as a whole.
    """
    document = read_yaml(text, name)
    wrong = _wrong_entries(document)
    if wrong and isinstance(document.value, dict):
        rest = {id_: entry for id_, entry in document.value["providers"].items() if id_ not in wrong}
        document = replace(document, value={**document.value, "providers": rest})
    return _checked(OwnFile, document), tuple(wrong.values())


def _wrong_entries(document: Located) -> dict[str | int, str]:
    """Return the entries of the user's table that break a rule, each with what is wrong first."""
    try:
        OwnFile.model_validate_json(json.dumps(document.value, default=str))
    except ValidationError as error:
        found: dict[str | int, str] = {}
        for item in error.errors():
            if item["loc"][:1] == ("providers",) and len(item["loc"]) > 2:
                found.setdefault(item["loc"][1], _line_of(document, item))
        return found
    return {}


def json_schema() -> str:
    """Return the JSON Schema of the bundled table, for editors."""
    return json.dumps(File.model_json_schema(), indent=2, sort_keys=True) + "\n"


def _checked(model: type[OwnFile], document: Located) -> dict[str, Any]:
    try:
        # JSON mode: lists become tuples, and nothing else is converted.
        checked = model.model_validate_json(json.dumps(document.value, default=str))
    except ValidationError as error:
        raise TableError(_message(document, error)) from error
    for path, pattern in _customers(checked):
        for name, entry in checked.providers.items():
            if host := next((each for each in _own_names(entry) if _is_customers(each, pattern)), ""):
                where = f"{document.name}, line {document.line(path)}: {'.'.join(map(str, path))}"
                raise TableError(f"{where}: {pattern!r} takes in {host!r} of {name!r}, which is no customer's machine")
    return checked.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _message(document: Located, error: ValidationError) -> str:
    """Return where the first error is and what it is, and how many more there are."""
    count = error.error_count()
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{_line_of(document, error.errors()[0])}{more}"


def _line_of(document: Located, item: ErrorDetails) -> str:
    """Return where the error *item* is and what it is."""
    path = item["loc"]
    # pydantic's path also has the classes of the union it tried, such as SuffixEntry.
    where = ".".join(str(step) for step in path if not str(step).endswith(("Entry", "]")))
    # pydantic's own text is a regular expression.
    unlike = item["type"] == "string_pattern_mismatch"
    wanted = "is not written as this field has to be" if unlike else item["msg"]
    seen = f"{':' if unlike else ', not'} {item['input']!r:.80}" if isinstance(item["input"], str | int) else ""
    return f"{document.name}, line {document.line(path)}: {where}: {wanted}{seen}"


def _customers(file: OwnFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every pattern of rented machines, and where it stands."""
    yield from ((("customers", number), pattern) for number, pattern in enumerate(file.customers))
    for name, entry in file.providers.items():
        yield from ((("providers", name, "customers", i), pattern) for i, pattern in enumerate(entry.customers))


def _names(entry: OwnEntry, what: str) -> tuple[str, ...]:
    match what:
        case "domains":
            return entry.domains
        case "hosts":
            return entry.hosts
        case "customers":
            return entry.customers
        case "mx":
            return tuple(map(_mx_name, entry.mx))
        case _:
            names: tuple[str, ...] = getattr(entry.traces, what)
            return names


def _mx_name(item: str | SharedEntry | ExchangerEntry) -> str:
    match item:
        case SharedEntry():
            return item.suffix
        case ExchangerEntry():
            return item.pattern
        case _:
            return item


def _own_names(entry: OwnEntry) -> Iterator[str]:
    """Yield the names of *entry* that no customer's machine may have: domains, servers, the ends of MX names."""
    yield from entry.domains
    yield from entry.hosts
    yield from (server.host for server in (*entry.incoming, *entry.outgoing) if DOMAIN_IN_HOST not in server.host)
    yield from (split_pattern(_mx_name(item))[0] for item in entry.mx)


def _is_customers(host: str, pattern: str) -> bool:
    """Say whether *host* is a customer's machine by *pattern*, or below one, or the domain of all such machines."""
    below, _, zone = pattern.partition("**.")
    return bool(below_or_matches(host, pattern)) or (not below and matches(host, zone))
