"""The settings of the service, from the environment (MAILSETTINGS_…) or from a file in the same format.

MAILSETTINGS_REDIS_URL=redis://127.0.0.1:6379/0
MAILSETTINGS_TRUSTED_PROXIES=["127.0.0.1/32"]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mailsettings.errors import MailSettingsError
from mailsettings.policy import IPNetwork
from mailsettings.policy.proxy import Proxy, parse_proxy

CONFIG = "MAILSETTINGS_CONFIG"  # the environment variable that passes the file's path to worker processes


def _proxy(value: object) -> object:
    """Parse a proxy's URL. ValueError without the password that may be in it."""
    try:
        return (parse_proxy(value) if value else None) if isinstance(value, str) else value
    except MailSettingsError as error:
        raise ValueError(str(error)) from None


class Settings(BaseSettings):
    """Limits, cache and network of the service (docs/service.md), in seconds and bytes."""

    # Errors are shown without their input: a proxy's URL may contain a password.
    model_config = SettingsConfigDict(
        env_prefix="MAILSETTINGS_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # limits per visitor
    trusted_proxies: tuple[IPNetwork, ...] = ()  # proxies whose header names the visitor's address
    proxy_header: str = "x-forwarded-for"
    visitor_at_once: int = Field(default=2, ge=1)
    visitor_per_minute: int = Field(default=10, ge=1)
    visitor_per_hour: int = Field(default=60, ge=1)
    # limits per target, for all visitors together
    domain_per_minute: int = Field(default=6, ge=1)  # uncached detections for one registrable domain
    address_at_once: int = Field(default=4, ge=1)  # connections to one IP address
    address_per_minute: int = Field(default=30, ge=1)
    logins_per_mailbox: int = Field(default=5, ge=1)  # in ten minutes
    # capacity
    running: int = Field(default=64, ge=1)  # detections
    waiting: int = Field(default=256, ge=0)  # requests that wait for one
    max_body: int = Field(default=4096, ge=256)
    request_timeout: float = Field(default=10.0, gt=0)  # from the connection to the last byte of the request
    drain: int = Field(default=20, ge=0)  # for how long running detections may continue after SIGTERM
    # cache
    cache: str = ""  # path of the SQLite file; empty: in the user's cache directory; ":memory:": not on disk
    cache_size: int = Field(default=10_000, ge=1)  # domains
    found_for: int = Field(default=900, ge=0)
    not_found_for: int = Field(default=60, ge=0)
    redis_url: str = ""  # shared by all workers and machines
    # network access
    resolver: str = ""  # see Policy.resolver
    resolver_validates: bool = False  # see Policy.resolver_validates
    ca_file: str = ""
    proxy: Annotated[Proxy | None, NoDecode, BeforeValidator(_proxy)] = None  # a URL, see Policy.proxy
    dns_past_proxy: bool = False
    allow_networks: tuple[IPNetwork, ...] = ()  # private networks to allow, for laboratories
    # routes
    page: bool = True  # the page at /
    metrics: bool = True
    autoconfig: bool = False  # /mail/config-v1.1.xml and its well-known twin, generated from detections

    @classmethod
    def read(cls, path: str = "") -> Settings:
        """Return the settings of the environment, then those of the file *path*. ValueError if one is invalid."""
        if path and not Path(path).is_file():
            raise ValueError(f"there is no file {path!r}")
        return cls(_env_file=path or None)  # type: ignore[call-arg]  # documented, but not in the signature
