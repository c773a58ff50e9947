"""Rows of the provider table as values: a provider, its servers and the names that identify it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mailsettings.model import Auth, Endpoint, Hint, Link, OAuth, Protocol, Provider, Security
from mailsettings.provider_table.index import CUSTOMER, servers


@dataclass(frozen=True, slots=True)
class TableServer:
    """One server of a provider."""

    endpoint: Endpoint
    usernames: tuple[str, ...]  # templates in the order to try
    auth: tuple[Auth, ...]  # in the provider's order
    reason: str = ""  # why it is listed although it is plain or at an unusual port


@dataclass(frozen=True, slots=True)
class Row:
    """The table's entry for one provider. If it has no servers, the hints say why."""

    provider: Provider
    incoming: tuple[TableServer, ...] = ()  # in order of preference
    outgoing: tuple[TableServer, ...] = ()
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()  # suffixes
    obsolete: tuple[tuple[str, str], ...] = ()  # host, replacement
    source: str = ""  # the provider's page, or what else the row rests on
    checked: str = ""  # ISO 8601 day


def row_of(data: dict[str, Any], domain: str) -> Row:
    """Return the compiled row *data* as a value, with *domain* in servers named after the customer's domain."""
    return Row(
        _provider(data),
        tuple(_server(item) for item in servers(data, "incoming", domain)),
        tuple(_server(item) for item in servers(data, "outgoing", domain)),
        tuple(data["domains"]),
        tuple(item["suffix"] for item in data["mx"] if item["kind"] != CUSTOMER),
        tuple(data["obsolete"].items()),
        data["source"],
        data["checked"],
    )


def sample_row(data: dict[str, Any]) -> Row:
    """Return the compiled row *data* as a value, with the first of its own domains in such names."""
    return row_of(data, data["domains"][0] if data["domains"] else "")


def _provider(data: dict[str, Any]) -> Provider:
    return Provider(
        data["id"],
        data["name"],
        data["kind"],
        tuple(Hint(**hint) for hint in data["hints"]),
        tuple(Link(**doc) for doc in data["docs"]),
        OAuth(**{**data["oauth"], "scopes": tuple(data["oauth"].get("scopes", ()))}) if data["oauth"] else None,
    )


def _server(data: dict[str, Any]) -> TableServer:
    endpoint = Endpoint(Protocol(data["protocol"]), data["host"], data["port"], Security(data["security"]))
    return TableServer(endpoint, tuple(data["usernames"]), tuple(Auth(item) for item in data["auth"]), data["reason"])
