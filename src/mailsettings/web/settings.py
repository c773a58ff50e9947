"""What whoever runs the service can set, by environment (MAILSETTINGS_…) or in a file of the same lines.

MAILSETTINGS_REDIS_URL=redis://127.0.0.1:6379/0
MAILSETTINGS_TRUSTED_PROXIES=["127.0.0.1/32"]
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mailsettings.errors import MailSettingsError
from mailsettings.policy.proxy import Proxy, parse_proxy

IPNetwork = IPv4Network | IPv6Network
CONFIG = "MAILSETTINGS_CONFIG"  # where the path of the file is handed to worker processes


def _proxy(value: object) -> object:
    """Read a proxy's URL; the error says nothing of a password in it."""
    try:
        return (parse_proxy(value) if value else None) if isinstance(value, str) else value
    except MailSettingsError as error:
        raise ValueError(str(error)) from None


class Settings(BaseSettings):
    """Limits follow docs/service.md; seconds and bytes throughout."""

    # Errors without their input: a proxy's URL may have a password in it.
    model_config = SettingsConfigDict(
        env_prefix="MAILSETTINGS_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # who asks
    trusted_proxies: tuple[IPNetwork, ...] = ()  # whose word on the visitor's address counts
    proxy_header: str = "x-forwarded-for"
    visitor_at_once: int = Field(default=2, ge=1)
    visitor_per_minute: int = Field(default=10, ge=1)
    visitor_per_hour: int = Field(default=60, ge=1)
    # what is asked for
    domain_per_minute: int = Field(default=6, ge=1)  # fresh detections of one registrable domain, for all visitors
    address_at_once: int = Field(default=4, ge=1)  # connections to one IP address
    address_per_minute: int = Field(default=30, ge=1)
    logins_per_mailbox: int = Field(default=5, ge=1)  # in ten minutes, for all visitors
    # how much at once
    running: int = Field(default=64, ge=1)  # detections
    waiting: int = Field(default=256, ge=0)  # visitors who wait for one
    max_body: int = Field(default=4096, ge=256)
    request_timeout: float = Field(default=10.0, gt=0)  # from the connection to the last byte of the request
    drain: int = Field(default=20, ge=0)  # how long running detections may go on after SIGTERM
    # what is remembered
    cache: str = ""  # path of the SQLite file; empty: in the user's cache directory; ":memory:": until the end
    cache_size: int = Field(default=10_000, ge=1)  # domains
    found_for: int = Field(default=900, ge=0)
    not_found_for: int = Field(default=60, ge=0)
    redis_url: str = ""  # shared by all workers and machines
    # how the network is reached
    resolver: str = ""  # see Policy.resolver
    ca_file: str = ""
    proxy: Annotated[Proxy | None, NoDecode, BeforeValidator(_proxy)] = None  # a URL, see Policy.proxy
    dns_past_proxy: bool = False
    allow_networks: tuple[IPNetwork, ...] = ()  # opened by name, for laboratories
    # what is served
    page: bool = True  # the page at /
    metrics: bool = True
    autoconfig: bool = False  # answer /mail/config-v1.1.xml and its like for what can be found

    @classmethod
    def read(cls, path: str = "") -> Settings:
        """Return the settings of the environment, and below them those in the file *path*. ValueError if one is bad."""
        if path and not Path(path).is_file():
            raise ValueError(f"there is no file {path!r}")
        return cls(_env_file=path or None)  # type: ignore[call-arg]  # documented, but not in the signature
