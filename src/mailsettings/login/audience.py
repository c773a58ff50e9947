"""Which servers a token may be sent to: those of its issuer. Pure.

a token of accounts.google.com ──▶ imap.gmail.com      its row has this issuer       ──▶ is sent
                               ──▶ imap.example.org    no row of this issuer has it  ──▶ stays here, and why

The operator of a server that gets a token can use it at all servers of the token's issuer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mailsettings.decision.oauth import is_same_issuer, issuer_host, issuer_in_table, issuer_of_host
from mailsettings.diagnosis.catalogue import finding
from mailsettings.hostnames import belongs_to
from mailsettings.login.credentials import Credentials
from mailsettings.model import Auth, Choice, Detection, Endpoint, Finding, ServerSettings, Trust


def token_refusals(what: Detection | ServerSettings, credentials: Credentials) -> Mapping[Endpoint, Finding]:
    """Return why the token of *credentials* must not go to some of the servers to log in to; empty for a password."""
    if credentials.auth is not Auth.OAUTH2:
        return {}
    endpoints, issuer = _endpoints(what), credentials.issuer
    found = {
        endpoint: _refusal(issuer, endpoint, stated=_may_get_others(what, endpoint, issuer))
        if issuer
        else _unsaid(endpoint, endpoints)
        for endpoint in endpoints
    }
    # A token may have been typed in the place of its issuer.
    return {endpoint: _scrubbed(refusal, credentials) for endpoint, refusal in found.items() if refusal is not None}


def _scrubbed(refusal: Finding, credentials: Credentials) -> Finding:
    return replace(refusal, text=credentials.scrub(refusal.text))


def _endpoints(what: Detection | ServerSettings) -> tuple[Endpoint, ...]:
    if isinstance(what, Detection):
        return tuple(choice.endpoint for choice in (*what.incoming[:1], *what.outgoing[:1]))
    return tuple(endpoint for endpoint in (what.incoming, what.outgoing) if endpoint is not None)


def _unsaid(endpoint: Endpoint, endpoints: tuple[Endpoint, ...]) -> Finding | None:
    """Refuse a token without an issuer, unless all servers have the same known one."""
    issuers = [issuer_of_host(each.host) for each in endpoints]
    first = issuers[0]
    if first is not None and all(each is not None and is_same_issuer(each.issuer, first.issuer) for each in issuers):
        return None
    servers = " and ".join(dict.fromkeys(each.host for each in endpoints))
    about = f"it is not known who issued it, and the table has no common issuer for {servers}"
    return finding("token-issuer-missing", str(endpoint), about=about)


def _refusal(issuer: str, endpoint: Endpoint, *, stated: bool) -> Finding | None:
    """Refuse a token of *issuer* where the table has another one, or none and it is not *stated* that it belongs."""
    bound = issuer_of_host(endpoint.host)
    if bound is not None:
        if is_same_issuer(bound.issuer, issuer):
            return None
        reason = f"it is from {issuer}, and tokens for {endpoint.host} come from {bound.issuer}"
        return finding("token-for-other-server", str(endpoint), about=reason, use=bound.issuer)
    if issuer_in_table(issuer) is not None:
        reason = f"it is from {issuer}, and {endpoint.host} is none of its servers"
    elif not stated:
        reason = f"it is from {issuer}, which the domain's own document does not name for {endpoint.host}"
    else:
        return None
    return finding("token-for-other-server", str(endpoint), about=reason, use="the provider of this server")


def _may_get_others(what: Detection | ServerSettings, endpoint: Endpoint, issuer: str) -> bool:
    """Say whether *issuer*, which the table does not know, may be the one of the server.

    Its own registrable domain is enough; else the user, or the domain's own document, has to say so.
    """
    if isinstance(what, ServerSettings) or belongs_to(endpoint.host, issuer_host(issuer)):
        return True  # of a typed server the user also says whose token it is
    choice = next(each for each in (*what.incoming[:1], *what.outgoing[:1]) if each.endpoint == endpoint)
    return choice.trust is Trust.OWN or _is_stated(what, choice, issuer)


def _is_stated(detection: Detection, choice: Choice, issuer: str) -> bool:
    places = {(claim.evidence.source, claim.evidence.locator) for claim in choice.claims}
    return any(
        is_same_issuer(source.oauth.issuer, issuer) and (source.source, source.locator) in places
        for source in detection.oauth
        if not source.known
    )
