"""Verify a visitor's login: over https only, at trusted or confirmed servers, rate limited. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any

from starlette.requests import Request

from mailsettings.address import EmailAddress
from mailsettings.decision.confirmation import agreed_hosts, confirmation_of
from mailsettings.errors import ConfirmationRequired
from mailsettings.hostnames import belongs_to
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify
from mailsettings.model import Confirmation, ConfirmReason, Detection, Endpoint, ServerSettings
from mailsettings.provider_table import table
from mailsettings.schema import plain
from mailsettings.web.api.bodies import Login, parse_or_problem
from mailsettings.web.problems import Problem
from mailsettings.web.redaction import redacted_finding
from mailsettings.web.service import DetectionRequest, DetectionService
from mailsettings.web.telemetry import log_event, span

_RESULT_FIELDS = ("protocol", "host", "port", "security", "username", "mechanism", "accepted", "verified", "tried")


async def log_in(service: DetectionService, login: Login, visitor: str) -> Verification:
    """Log in as *login* says. Problem(409) if the user has to agree to a host first, Problem(422 | 429 | 503)."""
    address, credentials = parse_or_problem(login.address), _credentials(login)
    async with service.limits.request(visitor):
        servers = await _servers(service, login, address)
        await service.limits.log_in(blake2b(str(address).lower().encode(), digest_size=16).hexdigest())
        with service.capacity.admit(), span("mailsettings.login", domain=address.domain):
            async with service.capacity.work_slot(), service.network(service.policy.for_mailboxes()) as network:
                try:
                    verification = await verify(
                        servers,
                        credentials,
                        policy=service.policy,
                        net=network,
                        confirmed=login.confirmed,
                    )
                except ConfirmationRequired as error:
                    raise _confirmation_required(_asked(servers, error.hosts)) from error
    outcome = "verified" if verification.verified else "refused"
    service.metrics.logins.labels(outcome).inc()
    log_event("login", domain=address.domain, outcome=outcome)
    return verification


def _credentials(login: Login) -> Credentials:
    """Return the password or token of *login*. Problem(422) unless there is exactly one."""
    secrets = [secret.get_secret_value() for secret in (login.password, login.token) if secret is not None]
    if len(secrets) != 1:
        raise Problem(422, "bad-request", "either a password or a token is wanted")
    if login.issuer and login.token is None:
        raise Problem(422, "bad-request", "an issuer is wanted with a token only")
    try:
        if login.token is not None:
            return Credentials.token(secrets[0], issuer=login.issuer, username=login.username)
        return Credentials.password(secrets[0], username=login.username)
    except ValueError as error:
        raise Problem(422, "bad-request", str(error)) from error


async def _servers(service: DetectionService, login: Login, address: EmailAddress) -> Detection | ServerSettings:
    """Return the servers to log in to: those that were typed, otherwise the detected ones."""
    if login.incoming is None and login.outgoing is None:
        return await service.search(DetectionRequest(address))
    incoming = login.incoming.endpoint() if login.incoming else None
    outgoing = login.outgoing.endpoint() if login.outgoing else None
    endpoints = (each for each in (incoming, outgoing) if each)
    if unconfirmed := tuple(_unconfirmed(address, endpoints, agreed_hosts(login.confirmed))):
        raise _confirmation_required(unconfirmed)
    return ServerSettings(address, incoming, outgoing, login.username)


def _unconfirmed(
    address: EmailAddress, endpoints: Iterable[Endpoint], agreed: Container[str]
) -> Iterator[Confirmation]:
    """Yield what the user has to agree to before logging in to typed servers: typing a name does not yet trust it."""
    for host, endpoint in {each.host: each for each in endpoints}.items():
        vouched = belongs_to(host, address.domain) or table.host_provider(host) is not None
        if not vouched and host not in agreed:
            yield confirmation_of(endpoint, ConfirmReason.OTHER_DOMAIN, address)


def _asked(servers: Detection | ServerSettings, hosts: Container[str]) -> Iterator[Confirmation]:
    """Yield those of *hosts* that a detection asks about; settings that were typed have been asked about before."""
    asked = servers.confirmations if isinstance(servers, Detection) else ()
    return (each for each in asked if each.host in hosts)


def _confirmation_required(confirmations: Iterable[Confirmation]) -> Problem:
    asked = tuple(confirmations)
    detail = "the user has to agree first to sending the password to these hosts"
    return Problem(
        409,
        "confirmation-required",
        detail,
        hosts=[each.host for each in asked],
        confirmations=[plain(each) for each in asked],
        domains=list(dict.fromkeys(each.group for each in asked)),
    )


def require_secure_transport(request: Request, service: DetectionService) -> None:
    """Accept passwords over https or from this machine only, and not from other sites. Problem(403)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "cross-site", "passwords are taken from our own pages and from programs only")
    if not is_secure_transport(request, service):
        raise Problem(403, "insecure", "ask over https")


def is_secure_transport(request: Request, service: DetectionService) -> bool:
    """Tell whether *request* came over https, possibly to a trusted proxy, or from this machine."""
    peer = request.client.host if request.client else ""
    if request.url.scheme == "https":
        return True
    try:
        ip = ip_address(peer)
    except ValueError:
        return False
    if any(ip in network for network in service.settings.trusted_proxies if network.version == ip.version):
        return request.headers.get("x-forwarded-proto", "") == "https"
    # These headers mean a proxy on this machine that is not in the settings: its clients may be anywhere.
    return ip.is_loopback and not any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))


def verification_as_json(verification: Verification) -> dict[str, Any]:
    """Return *verification* as JSON values, without remote text."""
    return {
        "schema": 1,
        "address": verification.address,
        "verified": verification.verified,
        "incoming": _result(plain(verification.incoming)),
        "outgoing": _result(plain(verification.outgoing)),
        "findings": [plain(redacted_finding(item)) for item in verification.findings],
    }


def _result(result: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: result[name] for name in _RESULT_FIELDS} if result else None
