"""The result of a login, with findings that explain it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes
from mailsettings.diagnosis.failures import findings_at
from mailsettings.diagnosis.replies import login_refusal_findings, meanings, refusal_findings
from mailsettings.errors import FailureKind
from mailsettings.login.imap import IMAP_LOGIN
from mailsettings.login.pop3 import POP3_LOGIN
from mailsettings.login.sasl import TOKEN_MECHANISMS
from mailsettings.login.session import INSPECT_MAILBOX, LoginRequest, LoginSession, ServerReply, Topic
from mailsettings.model import Auth, Confidence, Endpoint, Finding, Probe, Provider, Step, TLSFacts

# Refusals of the credentials themselves: another attempt with the same ones, here or at the other server, shows nothing
# new and may lock the account.
_PERMANENT_CODES = frozenset(
    {"bad-credentials", "app-password-required", "basic-auth-disabled", "account-locked", "web-login-required"}
    | {"account-flagged", "password-expired", "oauth-token-rejected", "rate-limited", "too-many-connections"}
    | {"server-not-proven"}
)
_OF_PASSWORDS = frozenset({"bad-credentials", "app-password-required", "basic-auth-disabled", "password-expired"})
# RFC 6855, RFC 9051 §6.2.3, RFC 6856 §2.1: the commands that log in may contain characters beyond ASCII.
_UTF8_CAPABILITIES = frozenset({"UTF8=ACCEPT", "UTF8=ONLY", "IMAP4REV2", "UTF8 USER"})
_TIMEOUTS = frozenset({FailureKind.REPLY_TIMEOUT, FailureKind.DEADLINE})
_REFUSABLE = frozenset({Topic.LOGIN, Topic.MAILBOX, Topic.SENDER})


@dataclass(frozen=True, slots=True)
class LoginResult:
    """One direction: what was attempted, and the findings."""

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
    attempts: int = 1  # methods that were tried, each of which may count as a failed login until one is accepted

    @property
    def credentials_refused(self) -> bool:
        """True if the reply was about the credentials, and not about this protocol."""
        sent = self.tried and bool(self.mechanism)
        codes = [item.code for item in self.findings if item.code != "server-alert"]
        # In unknown words: where a wrong password is a possible cause, no other server is asked about it either.
        unknown = codes[:1] == ["server-refused"] and "bad-credentials" in codes
        return sent and not self.accepted and bool(codes) and (unknown or codes[0] in _PERMANENT_CODES)

    def with_finding(self, item: Finding) -> LoginResult:
        """Return a copy with one more finding, in front."""
        return replace(self, findings=(item, *self.findings))


def not_attempted(endpoint: Endpoint, why: str | Finding) -> LoginResult:
    """Return the result for a server that was not contacted; *why* is shown to the user."""
    item = why if isinstance(why, Finding) else finding("not-tried", str(endpoint), about=why)
    return LoginResult(endpoint, findings=(item,), tried=False)


def login_result(probe: Probe, request: LoginRequest, provider: Provider | None) -> LoginResult:
    """Return the result of *request*, of which *probe* is the outcome."""
    session = probe.hello if isinstance(probe.hello, LoginSession) else None
    if session is None:
        return _interrupted(probe, request)
    refusals = _deduplicated(_refusals(session, request, provider))
    ambiguous = any(item.code == "bad-credentials" for item in refusals)
    found = (
        *refusals,
        *_observed(session, request.endpoint, refusals),
        *(_other_causes(session, request) if ambiguous else ()),
    )
    return LoginResult(
        request.endpoint,
        request.username,
        session.mechanism,
        accepted=session.accepted,
        verified=session.accepted and session.opened,
        findings=tuple(dict.fromkeys(found)),
        capabilities=session.capabilities,
        messages=session.messages,
        software=session.software,
        tls=session.tls,
        quota=next((each.text for each in session.replies if each.topic is Topic.QUOTA), ""),
        attempts=1 + sum(each.topic is Topic.METHOD for each in session.replies),
    )


def _interrupted(probe: Probe, request: LoginRequest) -> LoginResult:
    """Return the result for a session that ended before the server had answered the login."""
    failure = probe.failure
    assert failure is not None, "a probe has a hello or a failure"
    passed = {step.name for step in probe.steps}
    # From the login on a server may repeat a part of what it was sent, which no search for the whole secret would find.
    seen = failure.redacted if Step.LOGIN in passed else failure.seen
    clean = replace(failure, seen=request.credentials.scrub(seen))
    outcome = EndpointOutcome(request.endpoint, clean, replace(probe, failure=clean), stated=True)
    found = tuple(findings_at(outcome, EndpointOutcomes((outcome,))))
    accepted, verified = Step.MAILBOX in passed, INSPECT_MAILBOX.name in passed
    if accepted and not verified and clean.kind in _TIMEOUTS:
        # No statement about the speed of a server that has just answered the login.
        found = (finding("mailbox-not-opened", f"{outcome.name}: {clean.seen}", about=outcome.name),)
    return LoginResult(
        request.endpoint, request.username, accepted=accepted, verified=verified, findings=found, tls=probe.tls
    )


def _refusals(session: LoginSession, request: LoginRequest, provider: Provider | None) -> Iterator[Finding]:
    """Yield what the refusals mean; nothing where the login succeeded in the end."""
    if session.accepted and session.opened:
        return
    refusals = [reply for reply in session.replies if not reply.ok and reply.topic in _REFUSABLE]
    reason = "\n".join(reply.text for reply in session.replies if reply.topic is Topic.CHALLENGE)
    for reply in refusals:
        evidence = f"{reason}\n{reply.text}".strip()
        found = _meaning(reply, evidence, request.endpoint, provider)
        if request.credentials.auth is Auth.OAUTH2:
            yield from map(_of_token, found)
        else:
            yield from (item for item in found if not _unlikely(item, session))
    if reason and not refusals:
        yield finding("oauth-token-rejected", reason, Confidence.LIKELY)
    if session.accepted and not refusals:
        yield from _not_opened(session, request.endpoint, provider)


def _meaning(reply: ServerReply, evidence: str, endpoint: Endpoint, provider: Provider | None) -> Iterator[Finding]:
    """Yield what the refusal *reply* may mean."""
    if reply.topic is Topic.SENDER:
        yield from refusal_findings(
            reply.text, endpoint.protocol, evidence=evidence, provider=provider, usual="sender-not-allowed"
        )
    else:
        accepted = reply.topic is Topic.MAILBOX
        yield from login_refusal_findings(
            reply.text, endpoint.protocol, evidence=evidence, provider=provider, accepted=accepted
        )


def _not_opened(session: LoginSession, endpoint: Endpoint, provider: Provider | None) -> Iterator[Finding]:
    """Yield why a mailbox did not open that was not refused: what the server has said before may explain it."""
    said = [each.evidence for each in session.observations if each.code == "server-alert"]
    explained = [text for text in said if meanings(text, endpoint.protocol)]
    for text in explained:
        yield from refusal_findings(text, endpoint.protocol, provider=provider)
    if not explained:
        ends = [reply.text for reply in session.replies if reply.topic is Topic.END]
        yield finding("mailbox-not-opened", "; ".join(ends) or f"{endpoint.host}:{endpoint.port}: login accepted")


def _unlikely(item: Finding, session: LoginSession) -> bool:
    """Say whether *item* suggests OAuth at a server without it: Courier has the same "Login failed." as Microsoft."""
    possible = item.code == "basic-auth-disabled" and item.confidence is Confidence.POSSIBLE
    return possible and not TOKEN_MECHANISMS & set(session.mechanisms)


def _of_token(item: Finding) -> Finding:
    """Return what a refusal means where a token was sent: findings about passwords are about the token."""
    if item.code not in _OF_PASSWORDS:
        return item
    return finding("oauth-token-rejected", item.evidence, item.confidence)


def _other_causes(session: LoginSession, request: LoginRequest) -> Iterator[Finding]:
    """Yield other possible causes of a refused user name or password."""
    if "@" not in request.username and "@" in request.sender:
        seen = f"the user name was {request.username}"
        yield finding("username-must-be-full-address", seen, Confidence.POSSIBLE)
    listed = frozenset(session.capabilities)
    if session.mechanism in (IMAP_LOGIN, POP3_LOGIN) and not request.ascii and not listed & _UTF8_CAPABILITIES:
        seen = (
            f"user name or password go beyond ASCII; with {session.mechanism} the server does not say that it takes it"
        )
        yield finding("client-quoting", seen, Confidence.POSSIBLE)


def _deduplicated(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each code: several causes of a refused token have the same one."""
    first: dict[str, Finding] = {}
    for item in found:
        first.setdefault(item.code, item)
    return tuple(first.values())


def _observed(session: LoginSession, endpoint: Endpoint, refusals: tuple[Finding, ...]) -> Iterator[Finding]:
    """Yield what was observed; an alert only where no refusal has it as its evidence already."""
    shown = "\n".join(item.evidence for item in refusals)
    for each in session.observations:
        if each.code != "server-alert":
            yield finding(each.code, each.evidence, about=f"{endpoint.host}:{endpoint.port}")
        elif each.evidence not in shown:
            yield finding(each.code, each.evidence, about=each.evidence)


def suggested_name(result: LoginResult, used: str, forms: Iterable[str], address: str) -> str:
    """Return the form of the user name to try next; empty if there is none.

    The whole *address* if the refusal asks for it; another of the *forms* of the provider table if the refusal does not
    say what was wrong. Nothing after a refusal with another cause.
    """
    if result.accepted or not result.tried:
        return ""
    # A finding that is only possible is not a request of the server.
    asked = [item for item in result.findings if item.confidence is not Confidence.POSSIBLE]
    if any(item.code == "username-must-be-full-address" for item in asked):
        return address if used != address else ""
    if all(item.code != "bad-credentials" for item in result.findings):
        return ""
    return next((form for form in forms if form != used), "")
