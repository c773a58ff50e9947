"""What a login has shown, as a result with findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailsettings.diagnosis.codes import finding
from mailsettings.diagnosis.failures import of_place
from mailsettings.diagnosis.places import Place, Places
from mailsettings.diagnosis.refused import refused
from mailsettings.login.session import Errand, Session
from mailsettings.model import Confidence, Endpoint, Failure, Finding, Probe, Protocol, Provider, TLSFacts

# Refusals of the credentials themselves: another try with the same ones, here or at the other server, proves nothing
# and brings the account nearer to its lock.
_FOR_GOOD = frozenset(
    {"bad-credentials", "app-password-required", "basic-auth-disabled", "account-locked", "web-login-required"}
    | {"account-flagged", "password-expired", "oauth-token-rejected", "rate-limited", "too-many-connections"}
)
_USUAL = {"login": "bad-credentials", "mailbox": "bad-reply", "sender": "sender-not-allowed"}


@dataclass(frozen=True, slots=True)
class Result:
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
    def refused_for_good(self) -> bool:
        """True if the reply was about the credentials, and not about this protocol."""
        return not self.accepted and self.tried and bool(self.findings) and self.findings[0].code in _FOR_GOOD

    def with_(self, item: Finding) -> Result:
        """Return a copy with one more finding, in front."""
        return replace(self, findings=(item, *self.findings))


def not_tried(endpoint: Endpoint, why: str) -> Result:
    """Return the result for a server that was sent nothing."""
    return Result(endpoint, findings=(finding("not-tried", str(endpoint), about=why),), tried=False)


def judged(probe: Probe, errand: Errand, provider: Provider | None) -> Result:
    """Return what *probe*, the end of *errand*, means."""
    session = probe.hello if isinstance(probe.hello, Session) else None
    if session is None:
        return _without_verdict(probe, errand)
    found = (*_refusals(session, errand.endpoint.protocol, provider), *_observed(session))
    return Result(
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
        quota=next((said.text for said in session.said if said.step == "quota"), ""),
    )


def _without_verdict(probe: Probe, errand: Errand) -> Result:
    """Return what a connection that ended before the server's verdict means."""
    failure = probe.failure
    assert failure is not None, "a probe has a hello or a failure"
    passed = {step.name for step in probe.steps}
    # Behind the login a server may repeat what it was sent, and only the first half of the sentence is ours.
    seen = failure.seen.partition(": ")[0] if "login" in passed else failure.seen
    clean = Failure(failure.kind, failure.where, errand.credentials.scrub(seen))
    place = Place(errand.endpoint, clean, replace(probe, failure=clean), stated=True)
    found = tuple(of_place(place, Places((place,))))
    return Result(errand.endpoint, errand.username, accepted="mailbox" in passed, findings=found, tls=probe.tls)


def _refusals(session: Session, protocol: Protocol, provider: Provider | None) -> Iterator[Finding]:
    """Yield what the refusals mean; what was refused at first and granted later is none."""
    if session.accepted and session.opened:
        return
    for said in session.said:
        if not said.ok and (said.step in _USUAL or said.step == "challenge"):
            yield from _one(said.step, said.text, protocol, provider)
    if session.accepted and not any(not said.ok for said in session.said):
        yield finding("bad-reply", "the login was accepted, but the mailbox did not open", about="the server")


def _one(step: str, text: str, protocol: Protocol, provider: Provider | None) -> Iterator[Finding]:
    if step == "challenge":
        yield finding("oauth-token-rejected", text, Confidence.LIKELY)
        return
    yield from refused(text, protocol, provider=provider, usual=_USUAL[step])


def _observed(session: Session) -> Iterator[Finding]:
    for each in session.observed:
        yield finding(each.code, each.evidence)


def suggested_name(result: Result, used: str, forms: Iterable[str], address: str) -> str:
    """Return the form of the user name to try next, or nothing.

    The whole *address* where the refusal asks for it; another of the *forms* that the table names where the refusal
    leaves open what was wrong. Never after a refusal that is about something else.
    """
    if result.accepted or not result.tried:
        return ""
    codes = {item.code for item in result.findings}
    if "username-must-be-full-address" in codes:
        return address if used != address else ""
    if "bad-credentials" not in codes:
        return ""
    return next((form for form in forms if form != used), "")
