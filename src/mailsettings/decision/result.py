"""Findings into the answer: choices in order with trust and reasons, what to confirm, what failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all
from mailsettings.decision.candidates import contradictions, with_server_claims
from mailsettings.decision.oauth import oauth_sources
from mailsettings.decision.ranking import ranked, ranking_context
from mailsettings.decision.reasons import reasons_for
from mailsettings.decision.state import SearchState
from mailsettings.decision.trust import trust_of
from mailsettings.errors import FailureKind
from mailsettings.hostnames import registrable
from mailsettings.model import (
    Audience,
    Auth,
    Authority,
    Candidate,
    Choice,
    Detection,
    Direction,
    Failure,
    Finding,
    Hint,
    Note,
    NoteKind,
    Probe,
    Provider,
    SettledBy,
    Trust,
)
from mailsettings.policy import Policy
from mailsettings.provider_table import table


def detection_of(findings: SearchState, *, settled: SettledBy, seconds: float) -> Detection:
    """Return the detection that *findings* amount to."""
    incoming = _choices(findings, Direction.INCOMING)
    outgoing = _choices(findings, Direction.OUTGOING, partner=incoming[0].endpoint.host if incoming else "")
    provider = _provider(findings, (*incoming[:1], *outgoing[:1]))
    address = findings.address
    detection = Detection(
        address=str(address),
        shown_address=f"{address.local}@{address.unicode_domain}",
        provider=provider,
        incoming=incoming,
        outgoing=outgoing,
        confirm=_to_confirm((*incoming[:1], *outgoing[:1])),
        hints=_hints(provider),
        documentation=tuple(
            dict.fromkeys((*(provider.documentation if provider else ()), *sorted(findings.links, key=repr)))
        ),
        other_services=tuple(sorted(findings.services, key=repr)),
        notes=_notes_of(findings, (*incoming, *outgoing)),
        failures=_failures(findings),
        suggestion=_suggestion(findings),
        settled_by=settled_sentence(settled, findings),
        settled=settled,
        seconds=round(seconds, 3),
        oauth=oauth_sources((*incoming[:1], *outgoing[:1]), provider, findings.issuers),
    )
    return replace(detection, findings=_findings(findings, detection))


_SETTLED = {
    SettledBy.VERIFIED: "both directions verified, and nothing outstanding could be better",
    SettledBy.VERIFIED_IMPATIENT: "verified; better-ranked work kept silent for too long",
    SettledBy.NOTHING_LEFT: "everything was tried",
    SettledBy.SILENCE: "no server said a word within {quiet:g} s",
    SettledBy.DEADLINE: "the deadline of {deadline:g} s",
    SettledBy.NO_MAIL: "{no_mail}",
    SettledBy.CLOSED_PROVIDER: "the provider lets no mail program in",
    SettledBy.TABLE_ONLY: "the provider table alone; nobody was contacted",
}


def settled_sentence(settled: SettledBy, findings: SearchState) -> str:
    """Say why the search ended when it did."""
    policy, no_mail = findings.policy, findings.no_mail.seen if findings.no_mail else ""
    return _SETTLED[settled].format(
        quiet=policy.timeouts.first_response_timeout, deadline=policy.timeouts.deadline, no_mail=no_mail
    )


def _findings(findings: SearchState, detection: Detection) -> tuple[Finding, ...]:
    """Say why a direction is missing, where anybody was asked at all."""
    if detection.verified:
        return ()
    if not findings.probes and not findings.failures and findings.no_mail is None:
        return ()
    from mailsettings.diagnosis.explain import findings_of

    return findings_of(detection)


def _choices(findings: SearchState, direction: Direction, partner: str = "") -> tuple[Choice, ...]:
    candidates = findings.candidates(direction)
    best_first = ranked(candidates, findings.probes, partner)
    provider_known = ranking_context(candidates, findings.probes).provider_in_table
    choices = [_choice(findings, candidate, provider_known=provider_known) for candidate in best_first]
    found = any(choice.verified for choice in choices)
    return tuple(choice for choice in choices if choice.verified or _is_reportable(choice, found=found))


def _is_reportable(choice: Choice, *, found: bool) -> bool:
    """Decide on a choice that was not verified: what somebody stated, and guesses where a server was really seen."""
    if not choice.claims[0].evidence.authority.guessed:
        return True
    failure = choice.probe.failure if choice.probe else None
    return not found and failure is not None and failure.kind.about_certificate


def _choice(findings: SearchState, candidate: Candidate, *, provider_known: bool) -> Choice:
    probe = findings.probes.get(candidate.endpoint)
    verified = probe is not None and probe.verified
    server = with_server_claims(candidate, findings.candidates(candidate.endpoint.protocol.direction))
    templates = next((claim.usernames for claim in server.claims if claim.usernames), USUAL_TEMPLATES)
    names = fill_all(templates, findings.address)
    displaced = provider_known and candidate.authority.guessed
    return Choice(
        endpoint=candidate.endpoint,
        username=names[0],
        username_template=templates[0],
        usernames=names,
        auth=_auth(server, probe),
        verified=verified,
        trust=_trust(server, probe, findings.address),
        reasons=tuple(reasons_for(candidate, probe, displaced=displaced)),
        claims=candidate.claims,
        probe=probe,
        displaced=displaced,
    )


def _trust(server: Candidate, probe: Probe | None, address: EmailAddress) -> Trust:
    def in_table(host: str) -> bool:
        return table.host_provider(host) is not None

    return trust_of(server, probe, address, registrable=registrable, in_table=in_table)


def _auth(server: Candidate, probe: Probe | None) -> tuple[Auth, ...]:
    """Return the login methods: what is offered inside TLS, of that first what the source recommends.

    A server may offer what its provider refuses (Microsoft 365 lists PLAIN): where a table row names methods, others
    are left out.
    """
    stated = next((claim.auth for claim in server.claims if claim.auth), ())
    if probe is None or not probe.verified or probe.hello is None:
        return stated
    both = tuple(method for method in stated if method in probe.hello.auth)
    return both or probe.hello.auth


def _provider(findings: SearchState, best: Iterable[Choice]) -> Provider | None:
    """Return who keeps the mailboxes; weak traces only where the servers they led to are the answer."""
    chosen = {claim.evidence.authority for choice in best for claim in choice.claims}
    for known in findings.providers:
        if known.authority is not Authority.HOSTING or known.authority in chosen:
            return known.provider
    return None


def _suggestion(findings: SearchState) -> str:
    """Return what may have been meant instead; a domain of the table is what was meant."""
    if findings.providers and findings.providers[0].authority.by_exact_domain:
        return ""
    from mailsettings.decision.typos import suggest

    return suggest(findings.address)


def _look_alike(findings: SearchState) -> Iterator[Note]:
    """Warn of a domain that looks like a well-known one without being it."""
    if "xn--" in findings.address.domain:
        from mailsettings.decision.typos import confusable_with

        if known := confusable_with(findings.address.domain):
            yield Note(f"{findings.address.domain} looks like {known}, which is another domain")


def _to_confirm(best: Iterable[Choice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(registrable(choice.endpoint.host) for choice in best if choice.trust is Trust.CONFIRM))


def _hints(provider: Provider | None) -> tuple[Hint, ...]:
    return provider.hints if provider else ()


def _notes_of(findings: SearchState, choices: Iterable[Choice]) -> tuple[Note, ...]:
    return tuple(
        dict.fromkeys(
            (
                *_proxy_notes(findings),
                *_look_alike(findings),
                *sorted(findings.notes, key=str),
                *map(Note, contradictions(findings.claims)),
                *_probe_notes(choices),
            )
        )
    )


def _proxy_notes(findings: SearchState) -> tuple[Note, ...]:
    """Say what cannot be promised of connections that somebody else has made."""
    proxy = findings.policy.proxy
    return proxy.notes(dns_past_proxy=findings.policy.dns_past_proxy) if proxy else ()


def _probe_notes(choices: Iterable[Choice]) -> Iterator[Note]:
    for choice in choices:
        if choice.probe is not None:
            said = (*choice.probe.notes, *(choice.probe.hello.notes if choice.probe.hello else ()))
            # True of every STARTTLS server; the probe keeps it for who shows the greeting.
            told = (note for note in said if note.kind is not NoteKind.UNPROTECTED_GREETING)
            yield from (replace(note, about=choice.endpoint, audience=Audience.USER) for note in told)


def _attributed_to_proxy(failure: Failure, policy: Policy) -> Failure:
    """Return *failure*; one of the proxy happened there, whatever was asked for, and is said once."""
    if failure.kind is FailureKind.PROXY and policy.proxy:
        return replace(failure, where=policy.proxy.address)
    return failure


def _failures(findings: SearchState) -> tuple[Failure, ...]:
    """Return everything that failed: first what ends it all, the rest in an order that time cannot change."""
    probes = (probe.failure for probe in findings.probes.values() if probe.failure is not None)
    met = {_attributed_to_proxy(failure, findings.policy) for failure in (*findings.failures, *probes)}
    rest = sorted(met, key=lambda failure: (failure.place, failure.kind, failure.seen))
    return ((findings.no_mail,) if findings.no_mail else ()) + tuple(rest)
