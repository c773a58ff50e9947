"""Rows of the provider table as values: a provider, its servers and the names that identify it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mailsettings.hostnames import below_or_matches, inside
from mailsettings.model import Auth, Endpoint, Hint, Link, OAuth, Protocol, Provider, Security
from mailsettings.provider_table.compiler import SHARED
from mailsettings.provider_table.index import servers


@dataclass(frozen=True, slots=True)
class TableServer:
    """One server of a provider."""

    endpoint: Endpoint
    usernames: tuple[str, ...]  # templates in the order to try
    auth: tuple[Auth, ...]  # in the provider's order
    reason: str = ""  # why it is listed although it is plain or at an unusual port


@dataclass(frozen=True, slots=True)
class Change:
    """Something that will be, or has become, different at a provider."""

    starts: str  # ISO 8601 day, as are the others
    until: str  # the last day, empty if it stays so
    applies_to: str
    say: str
    url: str


@dataclass(frozen=True, slots=True)
class CustomDomains:
    """What holds for customers' own domains, where it is not what holds for the provider's."""

    usernames: tuple[str, ...]  # templates for all servers; an empty one: it cannot be told from the address
    hints: tuple[Hint, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The table's entry for one provider. If it has no servers, the hints say why."""

    provider: Provider
    incoming: tuple[TableServer, ...] = ()  # in order of preference
    outgoing: tuple[TableServer, ...] = ()
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()  # patterns of the names of the provider's exchangers
    obsolete: tuple[tuple[str, str], ...] = ()  # host, replacement
    source: str = ""  # the provider's page, or what else the row rests on
    checked: str = ""  # ISO 8601 day
    shared_mx: tuple[str, ...] = ()  # suffixes of exchangers' names that customers can have as well
    hosts: tuple[str, ...] = ()  # suffixes under which every host is the provider's own
    customers: tuple[str, ...] = ()  # patterns of machines that customers rent
    custom_domains: CustomDomains | None = None  # None: the same as for the provider's own domains
    changes: tuple[Change, ...] = ()
    disputed: str = ""  # why its sources disagree
    received_by: tuple[str, ...] = ()  # ids of other rows whose exchangers take in the mail of its own domains

    def names(self, host: str) -> bool:
        """Say whether *host* is the provider's: one of its servers, or under a suffix where all hosts are its own."""
        plain = host.lower().removesuffix(".")
        if any(below_or_matches(plain, pattern) for pattern in self.customers):
            return False
        listed = (server.endpoint.host for server in (*self.incoming, *self.outgoing))
        return plain in listed or any(inside(plain, suffix) for suffix in self.hosts)

    def for_custom_domain(self) -> Row:
        """Return the row as it is for a domain of a customer's own: user names and hints."""
        own = self.custom_domains
        if own is None:
            return self
        incoming, outgoing = (
            tuple(replace(server, usernames=own.usernames) for server in servers)
            for servers in (self.incoming, self.outgoing)
        )
        provider = replace(self.provider, hints=own.hints)
        return replace(self, provider=provider, incoming=incoming, outgoing=outgoing)


@dataclass(frozen=True, slots=True)
class Exchanger:
    """What the table says of a mail exchanger: whose it is, and whether its name proves that."""

    row: Row
    certain: bool  # the name can only be that of a machine of the provider: no customer can have one like it


def row_of(data: dict[str, Any], domain: str) -> Row:
    """Return the compiled row *data* as a value, with *domain* in servers named after the customer's domain."""
    own = data["custom_domains"]
    return Row(
        provider=_provider(data),
        incoming=tuple(_server(item) for item in servers(data, "incoming", domain)),
        outgoing=tuple(_server(item) for item in servers(data, "outgoing", domain)),
        domains=tuple(data["domains"]),
        mx=tuple(item["pattern"] for item in data["mx"] if item["kind"] != SHARED),
        obsolete=tuple(data["obsolete"].items()),
        source=data["source"],
        checked=data["checked"],
        shared_mx=tuple(item["pattern"] for item in data["mx"] if item["kind"] == SHARED),
        hosts=tuple(data["hosts"]),
        customers=tuple(data["customers"]),
        custom_domains=CustomDomains(tuple(own["usernames"]), _hints(own)) if own else None,
        changes=tuple(_change(item) for item in data["changes"]),
        disputed=data["disputed"],
        received_by=tuple(data["received_by"]),
    )


def sample_row(data: dict[str, Any]) -> Row:
    """Return the compiled row *data* as a value, with the first of its own domains in such names."""
    return row_of(data, data["domains"][0] if data["domains"] else "")


def _provider(data: dict[str, Any]) -> Provider:
    return Provider(
        data["id"],
        data["name"],
        data["kind"],
        _hints(data),
        tuple(Link(**doc) for doc in data["docs"]),
        OAuth(**{**data["oauth"], "scopes": tuple(data["oauth"].get("scopes", ()))}) if data["oauth"] else None,
    )


def _hints(data: dict[str, Any]) -> tuple[Hint, ...]:
    return tuple(Hint(**hint) for hint in data["hints"])


def _change(data: dict[str, str]) -> Change:
    return Change(data["from"], data["until"], data["applies_to"], data["say"], data["url"])


def _server(data: dict[str, Any]) -> TableServer:
    endpoint = Endpoint(Protocol(data["protocol"]), data["host"], data["port"], Security(data["security"]))
    return TableServer(endpoint, tuple(data["usernames"]), tuple(Auth(item) for item in data["auth"]), data["reason"])
