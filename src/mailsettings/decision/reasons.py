"""Why a choice has its place in the answer, as sentences for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.model import Authority, Candidate, Claim, Hello, Probe, Security, TLSFacts


def reasons_for(candidate: Candidate, probe: Probe | None, domain: str, *, displaced: bool) -> Iterator[str]:
    """Yield the reasons: where it was learned, what the probe saw, what counts against it.

    *domain* is that of the address.
    """
    for claim in candidate.claims:
        yield provenance_text(claim, domain)
    yield from _probe_reasons(candidate, probe)
    if displaced:
        yield "a server found by its name comes after the provider that keeps the mailboxes"


PROVENANCE_TEXTS = {
    Authority.OWN_TABLE: "your own provider table lists it ({locator})",
    Authority.TABLE: "the provider table lists it for {domain} ({locator})",
    Authority.DOMAIN: "{domain} itself names it ({locator})",
    Authority.ISPDB: "the public database of mail providers names it ({locator})",
    Authority.SRV: "{domain} names it in DNS, unsigned ({locator})",
    Authority.MX_TABLE: "the domain's mail goes to this provider ({locator})",
    Authority.MX_DOCUMENT: "the provider that receives the domain's mail names it ({locator})",
    Authority.HOSTING: "the domain points at this provider in DNS ({locator})",
    Authority.TRACE: "traces in DNS lead to this provider ({locator})",
    Authority.HTTP_DOCUMENT: "a document that came in clear, and could be forged, names it ({locator})",
    Authority.CERTIFICATE: "the {locator} is valid for this name, and it is the same server",
    Authority.GUESS: "guessed from the usual names: {locator} exists",
}


# What the domain itself publishes counts no more than an exchanger's document if a redirect leads to another domain.
_REDIRECTED = "{domain} redirects to another domain, where a document names it ({locator})"


def provenance_text(claim: Claim, domain: str) -> str:
    """Say where *claim* was learned, for an address at *domain*."""
    evidence = claim.evidence
    if evidence.authority is Authority.MX_DOCUMENT and evidence.domain == domain:
        return _REDIRECTED.format(domain=domain, locator=evidence.locator)
    return PROVENANCE_TEXTS[evidence.authority].format(domain=evidence.domain, locator=evidence.locator)


def _probe_reasons(candidate: Candidate, probe: Probe | None) -> Iterator[str]:
    if candidate.endpoint.security is Security.PLAIN:
        yield "never chosen: without TLS the password could be read on the way"
    elif probe is None:
        yield "not contacted"
    elif probe.failure is not None:
        yield f"not verified: {probe.failure.seen or probe.failure.kind}"
    elif probe.hello is not None and probe.hello.tls is not None:
        yield _verified_reason(candidate, probe.hello, probe.hello.tls)


def _verified_reason(candidate: Candidate, hello: Hello, tls: TLSFacts) -> str:
    until = f" until {tls.not_after[:10]}" if tls.not_after else ""
    how = " after STARTTLS" if candidate.endpoint.security is Security.STARTTLS else ""
    offered = ", ".join(hello.mechanisms) or "no login method"
    return f"verified: {tls.version}{how}, certificate for {candidate.endpoint.host} valid{until}; offers {offered}"
