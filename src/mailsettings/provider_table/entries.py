"""The form of one provider in providers.yaml, field by field; the JSON Schema for editors is made from these classes.

A field that a class does not have is refused, and nothing is converted silently: the port "993" is no number.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from mailsettings.address import LOCAL_PART
from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host, parse_own_host
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST

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


def _with_asterisks_first(pattern: str) -> str:
    if "**" in pattern.removeprefix("**."):
        raise ValueError("** stands only before the first dot")
    return pattern


Pattern = Annotated[
    str,
    StringConstraints(pattern=rf"^(\*\*\.)?({_PART}\.)*({_LABEL}\.)+{_LABEL}$", max_length=253),
    AfterValidator(_with_asterisks_first),
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


def _own_host(host: str) -> str:
    """Return *host* as a server that the user names: also on the own machine or network."""
    try:
        parsed = parse_own_host(host.replace(DOMAIN_IN_HOST, "example.org"))
    except AddressError as error:
        raise ValueError(str(error)) from error
    return host if DOMAIN_IN_HOST in host else parsed


class OwnServerEntry(Part):
    """One server of the user's own table: at any host and port."""

    protocol: Literal["imap", "pop3", "smtp"]
    host: Annotated[str, AfterValidator(_own_host)]
    port: int = Field(ge=1, le=65535)
    security: Literal["tls", "starttls", "plain"]
    usernames: tuple[Template, ...] = ()
    auth: tuple[Method, ...] = ()
    reason: Text | None = None


class ServerEntry(OwnServerEntry):
    """One server. *reason* is needed for plain ones and for ports that the security does not belong to."""

    host: Host

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


def _sort_of_exchanger(value: object) -> str:
    if isinstance(value, str):
        return "PatternEntry"
    shared = isinstance(value, SharedEntry) or (isinstance(value, dict) and "suffix" in value)
    return "SharedEntry" if shared else "ExchangerEntry"


# Told apart by what they look like, so that messages are about the one that was meant.
Exchangers = Annotated[
    Annotated[Pattern, Tag("PatternEntry")]
    | Annotated[SharedEntry, Tag("SharedEntry")]
    | Annotated[ExchangerEntry, Tag("ExchangerEntry")],
    Discriminator(_sort_of_exchanger),
]


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
    mx: tuple[Exchangers, ...] = Field((), description="names of the provider's exchangers")
    traces: TraceEntry = TraceEntry()
    received_by: tuple[Id, ...] = Field((), description="other rows whose exchangers take in the mail of its domains")
    hosts: tuple[Domain, ...] = Field((), description="suffixes under which every host is the provider's own")
    customers: tuple[Machines, ...] = Field((), description="names of machines that customers rent, and of their lines")
    incoming: tuple[OwnServerEntry, ...] = ()
    outgoing: tuple[OwnServerEntry, ...] = ()
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
    incoming: tuple[ServerEntry, ...] = ()
    outgoing: tuple[ServerEntry, ...] = ()
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


def _check_host(host: str) -> None:
    """Raise ValueError for names that are never a public host, such as numbers and localhost."""
    try:
        parse_host(host.replace(DOMAIN_IN_HOST, "example.org"))
    except AddressError as error:
        raise ValueError(str(error)) from error
