"""Log in with a user's credentials, where the server is trusted, and report the result.

detection ──▶ may the password go there? ──▶ incoming: log in, open the inbox ──▶ outgoing: log in, check the sender

The servers are those of the detection or of the user's own settings; no SRV record is looked up again for a
login (RFC 8314 §5.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol as Interface

from mailsettings import protocols
from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all, parse_address
from mailsettings.decision.confirmation import agreed_hosts
from mailsettings.diagnosis.catalogue import finding
from mailsettings.errors import ConfirmationRequired, NetworkError
from mailsettings.login import imap, pop3, smtp
from mailsettings.login.audience import token_refusals
from mailsettings.login.credentials import Credentials
from mailsettings.login.result import LoginResult, login_result, not_attempted, suggested_name
from mailsettings.login.session import LoginRequest, LoginState, Topic, require_tls, without_logout
from mailsettings.model import (
    Choice,
    Confidence,
    Detection,
    Endpoint,
    Finding,
    Probe,
    Protocol,
    Provider,
    Security,
    ServerSettings,
    Trust,
)
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Dialogue, farewell, refuse_preauth

MAX_ATTEMPTS = 2  # at one server, and refused ones in total: another one may lock the account


class LoginNetwork(Interface):
    """What logins need of the network; implemented by net.network.Network."""

    async def log_in(self, endpoint: Endpoint, dialogue: Callable[[Endpoint, str], Dialogue]) -> Probe:
        """Connect to *endpoint* and run the dialogue there; a NetworkError becomes the failure of the probe."""
        ...


@dataclass(frozen=True, slots=True)
class Verification:
    """The results of the logins; None for a direction without a server, or one that was not requested."""

    address: str
    incoming: LoginResult | None = None
    outgoing: LoginResult | None = None

    @property
    def verified(self) -> bool:
        """True if both directions can be used with these credentials."""
        return all(result is not None and result.verified for result in (self.incoming, self.outgoing))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of both directions, worst first."""
        found = [item for result in (self.incoming, self.outgoing) if result for item in result.findings]
        return tuple(sorted(dict.fromkeys(found), key=_severity))


def _severity(item: Finding) -> tuple[object, ...]:
    """Return a sort key: the most certain first, servers that were not tried last."""
    return item.code == "not-tried", tuple(Confidence).index(item.confidence)


@dataclass(frozen=True, slots=True)
class _Target:
    """One server to log in to. *names* are the forms of the user name that the table or the user suggests."""

    endpoint: Endpoint
    names: tuple[str, ...]
    allowed: bool
    refusal: Finding | None = None  # why a token must not go there


async def verify(
    what: Detection | ServerSettings,
    credentials: Credentials,
    *,
    policy: Policy | None = None,
    net: LoginNetwork | None = None,
    confirmed: Iterable[str] = (),
    thorough: bool = False,
) -> Verification:
    """Log in to the best incoming and the best outgoing server of *what*.

    Raises ConfirmationRequired, before any connection, when no unforgeable source vouches for a server and its host is
    not among those *confirmed*; a domain covers no host below it. No server is logged in to that could not be
    verified. A token is sent only to servers of its issuer; the result of another server has a finding that says so.
    *thorough* also checks what hinders programs that fetch mail.
    """
    rules = (policy or Policy.personal()).for_mailboxes()
    agreed = agreed_hosts(confirmed)
    _require_confirmation(what, agreed)
    if net is not None:
        return await _verify(what, credentials, rules, net, agreed, thorough=thorough)
    from mailsettings.net.network import open_network

    async with open_network(rules) as network:
        return await _verify(what, credentials, rules, network, agreed, thorough=thorough)


def _require_confirmation(what: Detection | ServerSettings, agreed: frozenset[str]) -> None:
    if isinstance(what, Detection):
        best = (*what.incoming[:1], *what.outgoing[:1])
        required = dict.fromkeys(choice.endpoint.host for choice in best if choice.trust is Trust.CONFIRM)
        if missing := tuple(host for host in required if host not in agreed):
            look_alikes = {each.host: each.look_alike_of for each in what.confirmations if each.look_alike_of}
            raise ConfirmationRequired(missing, {host: look_alikes[host] for host in missing if host in look_alikes})


async def _verify(
    what: Detection | ServerSettings,
    credentials: Credentials,
    policy: Policy,
    net: LoginNetwork,
    agreed: frozenset[str],
    *,
    thorough: bool,
) -> Verification:
    """One direction after the other: a permanent refusal by the first prevents an attempt at the second."""
    provider = what.provider if isinstance(what, Detection) else None
    logins = _Logins(str(what.address), credentials, policy, net, provider, thorough=thorough)
    incoming, outgoing = _targets(what, credentials, agreed)
    first = await logins.log_in(incoming) if incoming else None
    second = await logins.log_in(outgoing) if outgoing else None
    return Verification(str(what.address), first, second)


def _targets(
    what: Detection | ServerSettings, credentials: Credentials, agreed: frozenset[str]
) -> tuple[_Target | None, _Target | None]:
    own = (credentials.username,) if credentials.username else ()
    if isinstance(what, Detection):
        incoming, outgoing = what.incoming[:1], what.outgoing[:1]
        address = parse_address(what.address)
        targets = [_chosen(choice[0], own, agreed, address) if choice else None for choice in (incoming, outgoing)]
    else:
        names = own or ((what.username,) if what.username else fill_all(USUAL_TEMPLATES[:1], what.address))
        targets = [_typed(endpoint, names) if endpoint else None for endpoint in (what.incoming, what.outgoing)]
    refusals = token_refusals(what, credentials)
    incoming_target, outgoing_target = (
        target and replace(target, refusal=refusals.get(target.endpoint)) for target in targets
    )
    return incoming_target, outgoing_target


def _chosen(choice: Choice, own: tuple[str, ...], agreed: frozenset[str], address: EmailAddress) -> _Target:
    confirmed = choice.trust is Trust.CONFIRM and choice.endpoint.host in agreed
    allowed = choice.verified and (choice.trust.allows_password or confirmed)
    # Several forms are worth a second attempt only if a table row has them; for guessed servers they are guesses. The
    # two spellings of an international domain are one form.
    stated = any(claim.usernames and claim.evidence.authority.knows_usernames for claim in choice.claims)
    first_form = fill_all((choice.username_template,), address)
    return _Target(choice.endpoint, own or (choice.usernames if stated else first_form), allowed)


def _typed(endpoint: Endpoint, names: tuple[str, ...]) -> _Target:
    return _Target(endpoint, names, allowed=endpoint.security is not Security.PLAIN)


class _Logins:
    """The login attempts of one verification: they share one limit."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        policy: Policy,
        net: LoginNetwork,
        provider: Provider | None,
        *,
        thorough: bool,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._policy = policy
        self._net = net
        self._provider = provider
        self._thorough = thorough
        self._refusals = 0
        self._refused_for_good = ""  # why no further attempt is made; empty: none was refused permanently
        self._name = ""  # the user name that was accepted

    async def log_in(self, target: _Target) -> LoginResult:
        """Log in to *target*, with a second form of the user name only if the first reply suggests one."""
        if target.refusal is not None:
            return not_attempted(target.endpoint, target.refusal)
        if not target.allowed:
            why = "its certificate and name could not be verified, so no password may go there"
            return not_attempted(target.endpoint, why)
        if self._refused_for_good:
            return not_attempted(target.endpoint, self._refused_for_good)
        if self._refusals >= MAX_ATTEMPTS:
            return not_attempted(target.endpoint, "two logins were refused already, and one more may lock the account")
        name = self._name or target.names[0]
        if not name:
            return not_attempted(target.endpoint, finding("username-needed", str(target.endpoint)))
        result = await self._attempt(target.endpoint, name)
        other = suggested_name(result, name, target.names, self._address)
        if other and self._refusals < MAX_ATTEMPTS:
            result = await self._again(target.endpoint, other, result)
        if result.credentials_refused:
            self._refused_for_good = f"{target.endpoint.host} has refused the user name or password"
        return result

    async def _again(self, endpoint: Endpoint, name: str, before: LoginResult) -> LoginResult:
        result = await self._attempt(endpoint, name)
        if not result.accepted:
            return result
        seen = before.findings[0].evidence if before.findings else endpoint.host
        return result.with_finding(finding("username-other-form", seen, use=name))

    async def _attempt(self, endpoint: Endpoint, name: str) -> LoginResult:
        request = LoginRequest(
            endpoint,
            name,
            self._credentials,
            sender=self._address,
            send_id=any(hint.id == "imap_id" for hint in self._provider.hints) if self._provider else False,
            thorough=self._thorough,
            attempts=MAX_ATTEMPTS - self._refusals,
        )

        def dialogue(_endpoint: Endpoint, tag: str) -> Dialogue:
            return login_dialogue(request, policy=self._policy, tag=tag)

        probe = await self._net.log_in(endpoint, dialogue)
        result = login_result(probe, request, self._provider)
        self._refusals += 0 if result.accepted else result.attempts
        self._name = name if result.accepted else self._name
        return result


_PROTOCOLS = {Protocol.IMAP: imap.log_in, Protocol.POP3: pop3.log_in, Protocol.SMTP: smtp.log_in}


def login_dialogue(request: LoginRequest, *, policy: Policy, tag: str) -> Dialogue:
    """Return the dialogue of *request*, which ends in a LoginSession; *tag* is eight random letters.

    Raises NetworkError if it fails before the server has accepted or refused the login.
    """
    hello, goodbye = yield from without_logout(protocols.dialogue_for(request.endpoint, policy=policy, tag=tag))
    require_tls(hello)
    refuse_preauth(hello)
    state = LoginState(hello, request, tag, policy.limits.max_lines)
    try:
        yield from _PROTOCOLS[request.endpoint.protocol](state)
    except NetworkError as error:
        if not state.replies:
            raise
        # The verdict stands; the later failure is recorded beside it.
        state.note(Topic.END, False, (error.redacted.encode(),))
    yield from farewell(goodbye)
    return state.session()
