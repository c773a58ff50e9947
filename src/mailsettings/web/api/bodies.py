"""Request bodies, validated by pydantic. Docstrings and descriptions here are published in /openapi.json."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mailsettings.address import EmailAddress, parse_address
from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host
from mailsettings.model import Endpoint, Protocol, Security
from mailsettings.web.problems import BadAddress, Problem
from mailsettings.web.service import DetectionRequest

_STRICT = ConfigDict(extra="forbid", frozen=True)
Address = Annotated[str, Field(max_length=320, examples=["ada@example.org"])]
Domain = Annotated[str, Field(max_length=253)]


class RequestOptions(BaseModel):
    """What may be wished for."""

    model_config = _STRICT

    protocol: Literal["imap", "pop3"] | None = Field(default=None, description="How to read mail; null: the best.")


class Wanted(BaseModel):
    """Whose settings to look for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"address": "ada@example.org"}]},
    )

    address: Address
    options: RequestOptions = RequestOptions()

    def detection_request(self) -> DetectionRequest:
        """Return the body as a request to the service. Problem(422) if the address is invalid."""
        protocol = self.options.protocol
        return DetectionRequest(parse_or_problem(self.address), Protocol(protocol) if protocol else None)


class ServerBody(BaseModel):
    """A server that a person has typed."""

    model_config = _STRICT

    protocol: Literal["imap", "pop3", "smtp"]
    host: Domain
    port: int = Field(ge=1, le=65535)
    security: Literal["tls", "starttls"]

    def endpoint(self) -> Endpoint:
        """Return the server as an Endpoint. Problem(422) if the host name is invalid."""
        try:
            return Endpoint(Protocol(self.protocol), parse_host(self.host), self.port, Security(self.security))
        except AddressError as error:
            raise Problem(422, "bad-request", str(error)) from error


class Login(BaseModel):
    """What to log in with, and where if not at the servers that are found."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"address": "ada@example.org", "password": "correct horse battery staple"}]},
    )

    address: Address
    password: SecretStr | None = Field(default=None, max_length=1000)
    token: SecretStr | None = Field(default=None, max_length=3000, description="An OAuth 2 access token.")
    issuer: str = Field(
        default="",
        max_length=2000,
        description="Who issued the token, as a host or https URL: it is sent only to servers of this issuer.",
        examples=["accounts.google.com"],
    )
    username: str = Field(default="", max_length=320, description="Empty: what the settings say.")
    incoming: ServerBody | None = None
    outgoing: ServerBody | None = None
    confirmed: tuple[Domain, ...] = Field(
        default=(), max_length=8, description="Host names that the user has agreed to; a domain covers none."
    )


def parse_or_problem(address: str) -> EmailAddress:
    """Parse *address*. Problem(422) with the reason if it is invalid."""
    try:
        return parse_address(address)
    except AddressError as error:
        raise BadAddress(str(error), error.meant) from error
