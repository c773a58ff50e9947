"""What a login has shown, as a result with findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes
from mailsettings.diagnosis.failures import findings_at
from mailsettings.diagnosis.replies import refusal_findings
from mailsettings.login.imap import IMAP_LOGIN
from mailsettings.login.pop3 import POP3_LOGIN
from mailsettings.login.sasl import TOKEN_MECHANISMS
from mailsettings.login.session import INSPECT_MAILBOX, LoginRequest, LoginSession, Topic
from mailsettings.model import Auth, Confidence, Endpoint, Finding, Probe, Provider, Step, TLSFacts

# Refusals of the credentials themselves: another try with the same ones, here or at the other server, proves nothing
# and brings the account nearer to its lock.
_PERMANENT_CODES = frozenset(
    {"bad-credentials", "app-password-required", "basic-auth-disabled", "account-locked", "web-login-required"}
    | {"account-flagged", "password-expired", "oauth-token-rejected", "rate-limited", "too-many-connections"}
    | {"server-not-proven"}
)
_OF_PASSWORDS = frozenset({"bad-credentials", "app-password-required", "basic-auth-disabled", "password-expired"})
# RFC 6855, RFC 9051 §6.2.3, RFC 6856 §2.1: letters outside ASCII may stand in the commands that log in.
_UTF8_CAPABILITIES = frozenset({"UTF8=ACCEPT", "UTF8=ONLY", "IMAP4REV2", "UTF8 USER"})
_USUAL = {Topic.LOGIN: "bad-credentials", Topic.MAILBOX: "bad-reply", Topic.SENDER: "sender-not-allowed"}


@dataclass(frozen=True, slots=True)
class LoginResult:
    """One direction: what was tried and what it means."""

    endpoint: Endpoint
    username: str = ""
    mechanism: str = ""
    accepted: bool = False  # the credentials are right
    verified: bool = False  # and the mailbox can be read, or mail be sent
    findings: tuple[Finding, ...] = ()
    capabilities: tuple[str, ...] = ()
    messages: int | None = None
    software: str = ""
    tls: TLSFacts | None = None
    tried: bool = True
    quota: str = ""  # how full the mailbox is, in words; empty where the server does not say

    @property
    def credentials_refused(self) -> bool:
        """True if the reply was about the credentials, and not about this protocol."""
        sent = self.tried and bool(self.mechanism)
        return sent and not self.accepted and bool(self.findings) and self.findings[0].code in _PERMANENT_CODES

    def with_finding(self, item: Finding) -> LoginResult:
        """Return a copy with one more finding, in front."""
        return replace(self, findings=(item, *self.findings))


def not_attempted(endpoint: Endpoint, why: str) -> LoginResult:
    """Return the result for a server that was sent nothing."""
    return LoginResult(endpoint, findings=(finding("not-tried", str(endpoint), about=why),), tried=False)


def login_result(probe: Probe, errand: LoginRequest, provider: Provider | None) -> LoginResult:
    """Return what *probe*, the end of *errand*, means."""
    session = probe.hello if isinstance(probe.hello, LoginSession) else None
    if session is None:
        return _interrupted(probe, errand)
    refusals = _deduplicated(_refusals(session, errand, provider))
    vague = any(item.code == "bad-credentials" for item in refusals)
    found = (*refusals, *_observed(session), *(_other_causes(session, errand) if vague else ()))
    return LoginResult(
        errand.endpoint,
        errand.username,
        session.mechanism,
        accepted=session.accepted,
        verified=session.accepted and session.opened,
        findings=tuple(dict.fromkeys(found)),
        capabilities=session.capabilities,
        messages=session.messages,
        software=session.software,
        tls=session.tls,
        quota=next((said.text for said in session.replies if said.topic is Topic.QUOTA), ""),
    )


def _interrupted(probe: Probe, errand: LoginRequest) -> LoginResult:
    """Return what a connection that ended before the server's verdict means."""
    failure = probe.failure
    assert failure is not None, "a probe has a hello or a failure"
    passed = {step.name for step in probe.steps}
    # Behind the login a server may repeat what it was sent, or a part of it, which no search for the secret would find.
    seen = failure.redacted if Step.LOGIN in passed else failure.seen
    clean = replace(failure, seen=errand.credentials.scrub(seen))
    place = EndpointOutcome(errand.endpoint, clean, replace(probe, failure=clean), stated=True)
    found = tuple(findings_at(place, EndpointOutcomes((place,))))
    accepted, verified = Step.MAILBOX in passed, INSPECT_MAILBOX.name in passed
    return LoginResult(
        errand.endpoint, errand.username, accepted=accepted, verified=verified, findings=found, tls=probe.tls
    )


def _refusals(session: LoginSession, errand: LoginRequest, provider: Provider | None) -> Iterator[Finding]:
    """Yield what the refusals mean; what was refused at first and granted later is none."""
    if session.accepted and session.opened:
        return
    refusals = [said for said in session.replies if not said.ok and said.topic in _USUAL]
    reason = "\n".join(said.text for said in session.replies if said.topic is Topic.CHALLENGE)
    for said in refusals:
        evidence = f"{reason}\n{said.text}".strip()
        found = refusal_findings(
            said.text, errand.endpoint.protocol, evidence=evidence, provider=provider, usual=_USUAL[said.topic]
        )
        if errand.credentials.auth is Auth.OAUTH2:
            yield from map(_of_token, found)
        else:
            yield from (item for item in found if not _unlikely(item, session))
    if reason and not refusals:
        yield finding("oauth-token-rejected", reason, Confidence.LIKELY)
    if session.accepted and not any(not said.ok for said in session.replies):
        yield finding("bad-reply", "the login was accepted, but the mailbox did not open", about="the server")


def _unlikely(item: Finding, session: LoginSession) -> bool:
    """Say whether *item* points to OAuth where the server has none: Courier says Microsoft's "Login failed.", too."""
    possible = item.code == "basic-auth-disabled" and item.confidence is Confidence.POSSIBLE
    return possible and not TOKEN_MECHANISMS & set(session.mechanisms)


def _of_token(item: Finding) -> Finding:
    """Return what a refusal means where a token was sent: what is said of passwords is said of it."""
    if item.code not in _OF_PASSWORDS:
        return item
    return finding("oauth-token-rejected", item.evidence, item.confidence)


def _other_causes(session: LoginSession, errand: LoginRequest) -> Iterator[Finding]:
    """Yield what else may be behind the refusal of user name or password."""
    if "@" not in errand.username and "@" in errand.sender:
        seen = f"the user name was {errand.username}"
        yield finding("username-must-be-full-address", seen, Confidence.POSSIBLE)
    listed = frozenset(session.capabilities)
    if session.mechanism in (IMAP_LOGIN, POP3_LOGIN) and not errand.ascii and not listed & _UTF8_CAPABILITIES:
        seen = (
            f"user name or password go beyond ASCII; with {session.mechanism} the server does not say that it takes it"
        )
        yield finding("client-quoting", seen, Confidence.POSSIBLE)


def _deduplicated(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each code: what a token's refusal means it means once."""
    first: dict[str, Finding] = {}
    for item in found:
        first.setdefault(item.code, item)
    return tuple(first.values())


def _observed(session: LoginSession) -> Iterator[Finding]:
    for each in session.observations:
        yield finding(each.code, each.evidence)


def suggested_name(result: LoginResult, used: str, forms: Iterable[str], address: str) -> str:
    """Return the form of the user name to try next, or nothing.

    The whole *address* where the refusal asks for it; another of the *forms* that the table names where the refusal
    leaves open what was wrong. Never after a refusal that is about something else.
    """
    if result.accepted or not result.tried:
        return ""
    # What is only possible was not asked for by the server.
    asked = [item for item in result.findings if item.confidence is not Confidence.POSSIBLE]
    if any(item.code == "username-must-be-full-address" for item in asked):
        return address if used != address else ""
    if all(item.code != "bad-credentials" for item in result.findings):
        return ""
    return next((form for form in forms if form != used), "")
