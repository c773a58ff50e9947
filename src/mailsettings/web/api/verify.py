"""Log in for a visitor: over https only, where the password may go, so often and no more. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any

from starlette.requests import Request

from mailsettings.address import EmailAddress
from mailsettings.errors import ConfirmationRequired
from mailsettings.hostnames import registrable
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify
from mailsettings.model import Detection, Endpoint
from mailsettings.model import ServerSettings as Typed
from mailsettings.provider_table import table
from mailsettings.schema import plain
from mailsettings.web.api.bodies import Login, parse_or_problem
from mailsettings.web.problems import Problem
from mailsettings.web.redaction import redacted_finding
from mailsettings.web.service import DetectionRequest, DetectionService
from mailsettings.web.telemetry import log_event, span

_ENDPOINT_FIELDS = ("protocol", "host", "port", "security", "username", "mechanism", "accepted", "verified", "tried")


async def log_in(service: DetectionService, login: Login, visitor: str) -> Verification:
    """Log in as *login* says. Problem if that is refused: 409 where the user has to agree to a domain first."""
    address, credentials = parse_or_problem(login.address), _credentials(login)
    async with service.limits.request(visitor):
        what = await _servers(service, login, address)
        await service.limits.log_in(blake2b(str(address).lower().encode(), digest_size=16).hexdigest())
        with service.capacity.admit(), span("mailsettings.login", domain=address.domain):
            async with service.capacity.work_slot(), service.network(service.policy.for_mailboxes()) as net:
                try:
                    done = await verify(
                        what, credentials, policy=service.policy, net=net, confirmed=map(str.lower, login.confirmed)
                    )
                except ConfirmationRequired as error:
                    raise _to_confirm(error.domains) from error
    outcome = "verified" if done.verified else "refused"
    service.metrics.logins.labels(outcome).inc()
    log_event("login", domain=address.domain, outcome=outcome)
    return done


def _credentials(login: Login) -> Credentials:
    """Return the credentials, of which there must be one. Problem(422)."""
    secrets = [secret.get_secret_value() for secret in (login.password, login.token) if secret is not None]
    if len(secrets) != 1:
        raise Problem(422, "bad-request", "either a password or a token is wanted")
    make = Credentials.password if login.password is not None else Credentials.token
    try:
        return make(secrets[0], username=login.username)
    except ValueError as error:
        raise Problem(422, "bad-request", str(error)) from error


async def _servers(service: DetectionService, login: Login, address: EmailAddress) -> Detection | Typed:
    """Return what to log in to: what was typed, otherwise what is found."""
    if login.incoming is None and login.outgoing is None:
        return await service.search(DetectionRequest(address))
    incoming = login.incoming.endpoint() if login.incoming else None
    outgoing = login.outgoing.endpoint() if login.outgoing else None
    foreign = _foreign(address, [each for each in (incoming, outgoing) if each], login.confirmed)
    if foreign:
        raise _to_confirm(foreign)
    return Typed(address, incoming, outgoing, login.username)


def _foreign(address: EmailAddress, endpoints: Iterable[Endpoint], confirmed: Iterable[str]) -> tuple[str, ...]:
    """Return the domains to agree to: who typed a name into a web page has not said that it is the right one."""
    own = {registrable(address.domain), *map(str.lower, confirmed)}
    others = [each for each in endpoints if table.host_provider(each.host) is None]
    domains = dict.fromkeys(registrable(each.host) for each in others)
    return tuple(domain for domain in domains if domain not in own)


def _to_confirm(domains: tuple[str, ...]) -> Problem:
    detail = "the password goes to servers of another domain"
    return Problem(409, "confirmation-required", detail, domains=list(domains))


def require_secure_transport(request: Request, service: DetectionService) -> None:
    """Let passwords come over https, or from this very machine. Problem(403)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "cross-site", "passwords are taken from our own pages and from programs only")
    if not is_secure_transport(request, service):
        raise Problem(403, "insecure", "ask over https")


def is_secure_transport(request: Request, service: DetectionService) -> bool:
    """Say whether a password can come this way without being read by others."""
    peer = request.client.host if request.client else ""
    if request.url.scheme == "https":
        return True
    try:
        ip = ip_address(peer)
    except ValueError:
        return False
    if any(ip in network for network in service.settings.trusted_proxies if network.version == ip.version):
        return request.headers.get("x-forwarded-proto", "") == "https"
    # A proxy on this machine that nobody has declared: its visitors may be anywhere.
    return ip.is_loopback and not any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))


def verification_as_json(done: Verification) -> dict[str, Any]:
    """Return *done* as JSON values, without what a server has said."""
    return {
        "schema": 1,
        "address": done.address,
        "verified": done.verified,
        "incoming": _result(plain(done.incoming)),
        "outgoing": _result(plain(done.outgoing)),
        "findings": [plain(redacted_finding(item)) for item in done.findings],
    }


def _result(result: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: result[name] for name in _ENDPOINT_FIELDS} if result else None
