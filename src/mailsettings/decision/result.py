"""The search state into the answer: choices in order with trust and reasons, what to confirm, what failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailsettings.address import USUAL_TEMPLATES, fill_all
from mailsettings.decision.candidates import contradictions, with_server_claims
from mailsettings.decision.confirmation import confirmations
from mailsettings.decision.facts import answer_facts
from mailsettings.decision.oauth import oauth_notes, oauth_sources, without_foreign_oauth
from mailsettings.decision.ranking import ranked, ranking_context
from mailsettings.decision.reasons import reasons_for
from mailsettings.decision.state import SearchState
from mailsettings.decision.trust import MailDomain, trust_of
from mailsettings.errors import FailureKind
from mailsettings.leads import OAuthIssuer
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
    Note,
    NoteKind,
    Probe,
    Protocol,
    SettledBy,
)
from mailsettings.policy import Policy
from mailsettings.provider_table import table


def detection_of(state: SearchState, *, settled: SettledBy, seconds: float) -> Detection:
    """Return the detection that follows from *state*, *seconds* after the start."""
    incoming = _choices(state, Direction.INCOMING)
    outgoing = _choices(state, Direction.OUTGOING, partner=incoming[0].endpoint.host if incoming else "")
    best = (*incoming[:1], *outgoing[:1])
    facts = answer_facts(state, best)
    provider = without_foreign_oauth(facts.provider, best)
    address = state.address
    issuers = state.facts_about(OAuthIssuer)
    to_confirm = confirmations(best, address)
    detection = Detection(
        address=str(address),
        shown_address=f"{address.local}@{address.unicode_domain}",
        provider=provider,
        incoming=incoming,
        outgoing=outgoing,
        confirm=tuple(each.host for each in to_confirm),
        hints=facts.hints,
        documentation=facts.documentation,
        other_services=facts.services,
        notes=(*_notes_of(state, facts.notes, (*incoming, *outgoing)), *oauth_notes(best, issuers)),
        failures=_failures(state),
        suggestion=_suggestion(state),
        settled_by=settled_sentence(settled, state),
        settled=settled,
        seconds=round(seconds, 3),
        oauth=oauth_sources(best, provider, issuers),
        confirmations=to_confirm,
    )
    return replace(detection, findings=_findings(state, detection))


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


def settled_sentence(settled: SettledBy, state: SearchState) -> str:
    """Say why the search ended when it did."""
    policy, no_mail = state.policy, state.no_mail.seen if state.no_mail else ""
    return _SETTLED[settled].format(
        quiet=policy.timeouts.first_response_timeout, deadline=policy.timeouts.deadline, no_mail=no_mail
    )


def _findings(state: SearchState, detection: Detection) -> tuple[Finding, ...]:
    """Return why a direction is missing, if anything was looked up or contacted at all."""
    if detection.verified:
        return ()
    if not state.probes and not state.failures and state.no_mail is None:
        return ()
    from mailsettings.diagnosis.explain import findings_of

    return findings_of(detection)


def _choices(state: SearchState, direction: Direction, partner: str = "") -> tuple[Choice, ...]:
    candidates = state.candidates(direction)
    best_first = ranked(candidates, state.probes, state.documents, partner)
    order = ranking_context(candidates, state.probes, state.documents)
    domain = mail_domain_of(state)
    choices = [_choice(state, candidate, domain, displaced=order.is_displaced(candidate)) for candidate in best_first]
    found = any(choice.verified for choice in choices)
    return tuple(choice for choice in choices if choice.verified or _is_reportable(choice, found=found))


def _is_reportable(choice: Choice, *, found: bool) -> bool:
    """True if an unverified choice belongs in the answer: one a source states, or a guess where a server was seen.

    Most JMAP servers show nothing without a login, so one that asks for it is listed, behind all verified servers.
    """
    if not choice.claims[0].evidence.authority.guessed:
        return True
    failure = choice.probe.failure if choice.probe else None
    if choice.endpoint.protocol is Protocol.JMAP:
        return failure is None or failure.kind is FailureKind.LOGIN_REQUIRED
    return not found and failure is not None and failure.kind.about_certificate


def _choice(state: SearchState, candidate: Candidate, domain: MailDomain, *, displaced: bool) -> Choice:
    probe = state.probes.get(candidate.endpoint)
    verified = probe is not None and probe.verified
    server = with_server_claims(candidate, state.candidates(candidate.endpoint.protocol.direction))
    templates = next((claim.usernames for claim in server.claims if claim.usernames), USUAL_TEMPLATES)
    names = fill_all(templates, state.address)
    assessment = trust_of(server, probe, domain)
    return Choice(
        endpoint=candidate.endpoint,
        username=names[0],
        username_template=templates[0],
        usernames=names,
        auth=_auth(server, probe),
        verified=verified,
        trust=assessment.trust,
        confirm_reason=assessment.why,
        reasons=tuple(reasons_for(candidate, probe, domain.name, displaced=displaced)),
        claims=candidate.claims,
        probe=probe,
        displaced=displaced,
    )


def mail_domain_of(state: SearchState) -> MailDomain:
    """Return the domain of the address with what the provider table has about it and its exchangers."""
    row = table.find_domain(state.address.domain)
    by_exchangers = (fact for fact in state.providers if fact.evidence.authority is Authority.MX_TABLE)
    exchangers = next((table.by_id(fact.value.id) for fact in by_exchangers), None)
    return MailDomain(
        state.address.domain,
        in_table=lambda host: table.host_provider(host) is not None,
        row=row.names if row is not None and (row.incoming or row.outgoing) else None,
        row_disputed=state.documents.row_disputed,
        exchangers_row=exchangers.names if exchangers else lambda _host: False,
    )


def _auth(server: Candidate, probe: Probe | None) -> tuple[Auth, ...]:
    """Return the login methods offered inside TLS, in the order of the source if it names any of them.

    A server may offer what its provider refuses (Microsoft 365 lists PLAIN): methods that the source does not name
    are left out.
    """
    stated = next((claim.auth for claim in server.claims if claim.auth), ())
    if probe is None or not probe.verified or probe.hello is None:
        return stated
    both = tuple(method for method in stated if method in probe.hello.auth)
    return both or probe.hello.auth


def _suggestion(state: SearchState) -> str:
    """Return the address that may have been meant instead; none for a domain that a table has."""
    if state.providers and state.providers[0].evidence.authority.by_exact_domain:
        return ""
    from mailsettings.decision.typos import suggest

    return suggest(state.address)


def _look_alike(state: SearchState) -> Iterator[Note]:
    """Warn of a domain that looks like a well-known one without being it."""
    if "xn--" in state.address.domain:
        from mailsettings.decision.typos import confusable_with

        if twin := confusable_with(state.address.domain):
            yield Note(f"{state.address.domain} looks like {twin}, which is another domain")


def _notes_of(state: SearchState, quoting: Iterable[Note], choices: Iterable[Choice]) -> tuple[Note, ...]:
    return tuple(
        dict.fromkeys(
            (
                *_proxy_notes(state),
                *_look_alike(state),
                *sorted((*state.notes, *quoting), key=str),
                *map(Note, contradictions(state.claims)),
                *_probe_notes(choices),
            )
        )
    )


def _proxy_notes(state: SearchState) -> tuple[Note, ...]:
    """Return the notes on what cannot be promised of connections that a proxy makes."""
    proxy = state.policy.proxy
    return proxy.notes(dns_past_proxy=state.policy.dns_past_proxy) if proxy else ()


def _probe_notes(choices: Iterable[Choice]) -> Iterator[Note]:
    for choice in choices:
        if choice.probe is not None:
            notes = (*choice.probe.notes, *(choice.probe.hello.notes if choice.probe.hello else ()))
            # True of every server with STARTTLS; the probe keeps it for those who read the greeting.
            notable = (note for note in notes if note.kind is not NoteKind.UNPROTECTED_GREETING)
            yield from (replace(note, about=choice.endpoint, audience=Audience.USER) for note in notable)


def _attributed_to_proxy(failure: Failure, policy: Policy) -> Failure:
    """Return *failure*; one of the proxy is placed there, whatever was asked for, so that it is listed once."""
    if failure.kind is FailureKind.PROXY and policy.proxy:
        return replace(failure, where=policy.proxy.address)
    return failure


def _failures(state: SearchState) -> tuple[Failure, ...]:
    """Return everything that failed: first what ended the search, the rest in an order independent of timing."""
    probes = (probe.failure for probe in state.probes.values() if probe.failure is not None)
    failures = {_attributed_to_proxy(failure, state.policy) for failure in (*state.failures, *probes)}
    rest = sorted(failures, key=lambda failure: (failure.place, failure.kind, failure.seen))
    return ((state.no_mail,) if state.no_mail else ()) + tuple(rest)
