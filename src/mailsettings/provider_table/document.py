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

The user's own table has the same form and needs only domains and servers. The JSON Schema for editors is generated
from these classes (data/providers.schema.json).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from mailsettings.address import LOCAL_PART
from mailsettings.errors import AddressError, TableError
from mailsettings.hostnames import below_or_matches, matches, parse_host
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST, TRACES, split_pattern
from mailsettings.provider_table.yaml_lines import Located, read_yaml

KINDS = Literal["mailbox", "hosting", "isp", "bridge", "forwarder", "filter", "none"]
WITHOUT_SERVERS = ("bridge", "forwarder", "filter", "none")
# RFC 8314 §3.3, RFC 9051 §11.1, RFC 6409 §3.1; providers offer 2525 for networks that block 587.
USUAL_PORTS = {
    ("imap", "tls"): (993,),
    ("imap", "starttls"): (143,),
    ("pop3", "tls"): (995,),
    ("pop3", "starttls"): (110,),
    ("smtp", "tls"): (465,),
    ("smtp", "starttls"): (587, 25, 2525),
}

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
Domain = Annotated[str, StringConstraints(pattern=rf"^({_LABEL}\.)+{_LABEL}$", max_length=253)]
Name = Annotated[str, StringConstraints(pattern=rf"^(_?{_LABEL}\.)+{_LABEL}$", max_length=253)]  # SPF: _spf.example.org
Host = Annotated[str, StringConstraints(pattern=rf"^({_LABEL}\.)*({DOMAIN_IN_HOST}|({_LABEL}\.)+{_LABEL})$")]
# mx12.example.org, mx*.example.org, **.example.org: see hostnames.matches(). The end is a domain, without a *.
_PART = r"[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?"
Pattern = Annotated[
    str,
    StringConstraints(pattern=rf"^(\*\*\.)?({_PART}\.)*({_LABEL}\.)+{_LABEL}$", max_length=253),
    Field(description="a host name; * stands for any part of one label, a leading ** for one label or more"),
]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
HintId = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z0-9]+)*$", max_length=40)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=500)]
SecureUrl = Annotated[str, StringConstraints(pattern=r"^https://[!-~]+$", max_length=500)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", max_length=500)]
Template = Annotated[
    str,
    StringConstraints(pattern=r"^([^%\x00-\x20\x7f-\x9f]|%EMAILADDRESS%|%EMAILLOCALPART%|%EMAILDOMAIN%)+$"),
    Field(max_length=255),
]


def _with_asterisk(pattern: str) -> str:
    if "*" not in pattern:
        raise ValueError("needs a *: the names of customers' machines differ; **.example.org are all below example.org")
    return pattern


Machines = Annotated[Pattern, AfterValidator(_with_asterisk)]
Method = Literal["oauth2", "password", "password-encrypted", "gssapi", "ntlm", "client-certificate", "none"]


class Part(BaseModel):
    """The base of all parts of the file: rejects unknown keys, converts nothing silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerEntry(Part):
    """One server. *reason* is needed for plain ones and for ports that the security does not belong to."""

    protocol: Literal["imap", "pop3", "smtp"]
    host: Host
    port: int = Field(ge=1, le=65535)
    security: Literal["tls", "starttls", "plain"]
    usernames: tuple[Template, ...] = ()
    auth: tuple[Method, ...] = ()
    reason: Text | None = None

    @model_validator(mode="after")
    def _is_usable(self) -> ServerEntry:
        _check_host(self.host)
        usual = USUAL_PORTS.get((self.protocol, self.security), ())
        if self.port not in usual and self.reason is None:
            raise ValueError(f"port {self.port} with security {self.security!r} needs a reason")
        return self


class SharedEntry(Part):
    """An MX suffix below which the provider's customers, too, can have names: it proves nothing."""

    suffix: Domain
    kind: Literal["shared"]


class ExchangerEntry(Part):
    """Exchangers whose mail is handled in another way than the provider's mailboxes."""

    pattern: Pattern
    kind: KINDS


class HintEntry(Part):
    """Something the user has to do or know; *text* only where the common text of the id does not say it."""

    id: HintId
    url: Url | None = None
    text: Text | None = None


class DocEntry(Part):
    """A page of the provider for its users."""

    url: Url
    text: Text | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class OAuthEntry(Part):
    """Where tokens come from. No client ids: they belong to applications."""

    issuer: Domain
    auth_url: SecureUrl
    token_url: SecureUrl
    scopes: tuple[Text, ...]


class CustomEntry(Part):
    """What holds for customers' own domains, where it is not what holds for the domains of the provider."""

    usernames: tuple[Template, ...] = Field(
        ("%EMAILADDRESS%",), description="empty: they cannot be told from the address"
    )
    hints: tuple[HintEntry, ...] = ()


class ChangeEntry(Part):
    """Something that will be, or has become, different on a day."""

    from_: datetime.date = Field(alias="from")
    until: datetime.date | None = Field(None, description="the last day, if it does not stay so")
    applies_to: Text
    say: Text
    url: Url

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ChangeEntry:
        if self.until is not None and self.until < self.from_:
            raise ValueError(f"from {self.from_} is after until {self.until}")
        return self


class TraceEntry(Part):
    """Names that show the hoster where the MX does not."""

    cname: tuple[Domain, ...] = ()
    spf: tuple[Name, ...] = ()
    ns: tuple[Domain, ...] = ()


class OwnEntry(Part):
    """One provider; in the user's own table everything but servers and domains may be missing."""

    name: Text | None = None
    kind: KINDS = "mailbox"
    domains: tuple[Domain, ...] = ()
    mx: tuple[Pattern | SharedEntry | ExchangerEntry, ...] = Field((), description="names of the provider's exchangers")
    traces: TraceEntry = TraceEntry()
    received_by: tuple[Id, ...] = Field((), description="other rows whose exchangers take in the mail of its domains")
    hosts: tuple[Domain, ...] = Field((), description="suffixes under which every host is the provider's own")
    customers: tuple[Machines, ...] = Field((), description="names of machines that customers rent, and of their lines")
    incoming: tuple[ServerEntry, ...] = ()
    outgoing: tuple[ServerEntry, ...] = ()
    usernames: tuple[Template, ...] = ()
    auth: tuple[Method, ...] = ()
    oauth: OAuthEntry | None = None
    hints: tuple[HintEntry, ...] = ()
    custom_domains: CustomEntry | None = None
    docs: tuple[Url | DocEntry, ...] = ()
    obsolete: dict[Host, Host] = Field(default_factory=dict, description="host names no longer used: their successor")
    changes: tuple[ChangeEntry, ...] = ()
    disputed: Text | None = Field(None, description="why its sources disagree: its servers are not sure to be right")
    note: Text | None = Field(None, description="why the entry is as it is, where sources contradict each other")
    compared: tuple[Id, ...] = Field((), description="public lists that name the same servers for reading and sending")
    source: Text | None = None
    checked: datetime.date | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> OwnEntry:
        if any(server.protocol == "smtp" for server in self.incoming):
            raise ValueError("an smtp server is among the incoming ones")
        if any(server.protocol != "smtp" for server in self.outgoing):
            raise ValueError("a server for reading mail is among the outgoing ones")
        if self.kind in WITHOUT_SERVERS and (self.incoming or self.outgoing):
            raise ValueError(f"kind {self.kind!r} has no servers to contact")
        elsewhere = self.kind in WITHOUT_SERVERS or any(hint.id == "host_per_customer" for hint in self.hints)
        if not elsewhere and not (self.incoming or self.outgoing):
            raise ValueError(f"kind {self.kind!r} needs a server, incoming or outgoing")
        for name in (*self.domains, *self.hosts):
            _check_host(name)
        return self


class ProviderEntry(OwnEntry):
    """One provider of the bundled table: named, sourced and dated."""

    name: Text
    source: Text = Field(description="the provider's own page that states the settings, or what else they rest on")
    checked: datetime.date = Field(description="the day this entry was last compared with its source")

    @model_validator(mode="after")
    def _custom_domains_are_stated(self) -> ProviderEntry:
        at_servers = (name for server in (*self.incoming, *self.outgoing) for name in server.usernames)
        local = any(LOCAL_PART in template for template in (*self.usernames, *at_servers))
        local |= any(hint.id == "local_part_login" for hint in self.hints)
        if local and (self.mx or self.traces != TraceEntry()) and self.custom_domains is None:
            raise ValueError("the user name is the local part: say in custom_domains what it is for customers' domains")
        return self


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

    @model_validator(mode="after")
    def _customers_have_no_servers(self) -> OwnFile:
        machines = [*self.customers, *(pattern for entry in self.providers.values() for pattern in entry.customers)]
        for name, entry in self.providers.items():
            for host in _own_names(entry):
                if pattern := next((each for each in machines if _is_customers(host, each)), None):
                    raise ValueError(f"customers: {pattern!r} takes in {host!r} of {name!r}")
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


def read_own(text: str, name: str) -> dict[str, Any]:
    """Return the user's own table as plain values, checked. TableError names line, field and value."""
    return _checked(OwnFile, read_yaml(text, name))


def json_schema() -> str:
    """Return the JSON Schema of the bundled table, for editors."""
    return json.dumps(File.model_json_schema(), indent=2, sort_keys=True) + "\n"


def _checked(model: type[OwnFile], document: Located) -> dict[str, Any]:
    try:
        # JSON mode: lists become tuples, and nothing else is converted.
        checked = model.model_validate_json(json.dumps(document.value, default=str))
    except ValidationError as error:
        raise TableError(_message(document, error)) from error
    return checked.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _message(document: Located, error: ValidationError) -> str:
    """Return where the first error is and what it is, and how many more there are."""
    first, count = error.errors()[0], error.error_count()
    path = first["loc"]
    # pydantic's path also has the classes of the union it tried, such as SuffixEntry.
    where = ".".join(str(step) for step in path if not str(step).endswith(("Entry", "]")))
    seen = f", not {first['input']!r:.80}" if isinstance(first["input"], str | int) else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return f"{document.name}, line {document.line(path)}: {where}: {first['msg']}{seen}{more}"


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


def _check_host(host: str) -> None:
    """Raise ValueError for names that are never a public host, such as numbers and localhost."""
    try:
        parse_host(host.replace(DOMAIN_IN_HOST, "example.org"))
    except AddressError as error:
        raise ValueError(str(error)) from error
