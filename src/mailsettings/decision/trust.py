"""May a password be sent to a server without asking? Pure: a table of rules, the first that fits counts.

Only for servers whose probe has verified TLS and the certificate for that very name; until then they are unverified.
D is the address's domain; *inside* means within its registrable domain, and no machine that a stranger rents there. A
*usual name* is one of decision.usual_names. A *fixed document* came over https from a fixed place of D without leaving
the registrable domain on the way; *signed* means validated by DNSSEC. RULES is the table; docs/trust.md shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mailsettings.decision.candidates import SECURE_PORTS
from mailsettings.decision.usual_names import usual_names
from mailsettings.formats.text import host_in
from mailsettings.hostnames import belongs_to, is_public_suffix, name_matches
from mailsettings.model import Authority, Candidate, Claim, ConfirmReason, Probe, Protocol, Trust

# Of these hosts below D, and of D itself, documents with settings are requested.
_DOCUMENT_LABELS = ("autoconfig", "autodiscover", "ua-auto-config")
# Beside those of SECURE_PORTS, and privileged: mail exchangers accept mail for delivery and from users there.
_FURTHER_PORTS = {Protocol.SMTP: (25,), Protocol.JMAP: (443,)}


@dataclass(frozen=True, slots=True)
class Assessment:
    """How far a server may be trusted; with Trust.CONFIRM also why the user is asked."""

    trust: Trust
    why: ConfirmReason | None = None


Names = Callable[[str], bool]  # whether a host is named, or lies under a suffix that is


def _nothing(_host: str) -> bool:
    return False


@dataclass(frozen=True)
class MailDomain:
    """The domain of the address, and what the provider table has about it."""

    name: str  # D, A-labels
    in_table: Names = _nothing  # the hosts that any row names
    row: Names | None = None  # the hosts that the row of exactly D names; None: the table has no such row
    row_disputed: bool = False  # that row contradicts what D itself says
    exchangers_row: Names = _nothing  # the hosts that the row names to which all most preferred exchangers belong

    @cached_property
    def usual(self) -> frozenset[str]:
        """The usual names within D."""
        return usual_names(self.name)


@dataclass(frozen=True, slots=True)
class VerifiedServer:
    """A verified server, and the domain that it is said to belong to."""

    candidate: Candidate  # with all claims about its protocol on its host, whatever the port
    probe: Probe
    domain: MailDomain

    @property
    def host(self) -> str:
        return self.candidate.endpoint.host

    @property
    def inside(self) -> bool:
        """True if the host is within D's registrable domain."""
        return belongs_to(self.host, self.domain.name)

    @property
    def vouched(self) -> bool:
        """True if D itself names the server in a way that cannot be forged: its fixed document, or signed records."""
        return any(is_vouched(claim) for claim in self.candidate.claims)

    @property
    def in_row(self) -> bool:
        """True if the table's row of exactly D names the host."""
        return self.domain.row is not None and (self.domain.row(self.host) or self.claimed_by(Authority.TABLE))

    def claimed_by(self, *authorities: Authority) -> bool:
        """Return True if one of *authorities* names the server."""
        return any(claim.evidence.authority in authorities for claim in self.candidate.claims)


def is_vouched(claim: Claim) -> bool:
    """Return True if the domain itself makes *claim*, and it could not have been forged."""
    return claim.evidence.authority is Authority.DOMAIN and claim.evidence.authentic


def _own(server: VerifiedServer) -> bool:
    return server.claimed_by(Authority.OWN_TABLE)


def _of_exact_row(server: VerifiedServer) -> bool:
    return server.in_row and not server.domain.row_disputed and _at_port_of(server, Authority.TABLE)


def _at_public_suffix(server: VerifiedServer) -> bool:
    return is_public_suffix(server.domain.name)


def _of_exchangers_row(server: VerifiedServer) -> bool:
    named = server.claimed_by(Authority.MX_TABLE) or server.domain.exchangers_row(server.host)
    return named and _at_port_of(server, Authority.MX_TABLE)


def _in_table_and_vouched(server: VerifiedServer) -> bool:
    return server.vouched and server.domain.in_table(server.host)


def _of_disputed_row(server: VerifiedServer) -> bool:
    return server.domain.row_disputed and server.in_row and not server.vouched


def _beside_the_row(server: VerifiedServer) -> bool:
    return server.domain.row is not None and not server.in_row and not server.vouched


def _at_port_of(server: VerifiedServer, authority: Authority) -> bool:
    """Return True at a usual port, and at one that *authority* itself names: some rows have port 2525."""
    here = (claim for claim in server.candidate.claims if claim.endpoint == server.candidate.endpoint)
    return not _at_unusual_port(server) or any(claim.evidence.authority is authority for claim in here)


def _at_unusual_port(server: VerifiedServer) -> bool:
    protocol = server.candidate.endpoint.protocol
    usual = (*(port for port, _ in SECURE_PORTS.get(protocol, ())), *_FURTHER_PORTS.get(protocol, ()))
    return server.candidate.endpoint.port not in usual


def _serves_the_document(server: VerifiedServer) -> bool:
    """Return True if the document that names the host was served by the host itself: an upload could do that.

    Or if the host is another one below D that documents are requested of: both may be names of one forgotten machine.
    """
    domain = server.domain.name
    if server.host == domain or server.candidate.endpoint.protocol is Protocol.JMAP:
        return False
    if any(host_in(claim.evidence.locator) == server.host for claim in server.candidate.claims):
        return True
    places = {host_in(claim.evidence.locator) for claim in server.candidate.claims if is_vouched(claim)}
    return server.host in {f"{label}.{domain}" for label in _DOCUMENT_LABELS} and bool(places - {"", domain})


def _inside_and_vouched(server: VerifiedServer) -> bool:
    return server.inside and server.vouched


def _inside_under_usual_name(server: VerifiedServer) -> bool:
    return server.inside and server.host in server.domain.usual


def _inside_with_usual_certificate(server: VerifiedServer) -> bool:
    """Return True if the certificate is also valid for D or a usual name.

    A rented line, a dangling name or a student's machine can get a certificate for its own name, but not such a one.
    """
    tls = server.probe.hello.tls if server.probe.hello else None
    names = tls.names if tls else ()
    wanted = (server.domain.name, *server.domain.usual)
    return server.inside and any(name_matches(name, names) for name in wanted if name != server.host)


def _any(_server: VerifiedServer) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: which servers, on whose statement, may be trusted how far."""

    server: str  # "the verified server is …"
    learned: str  # "and was learned from …"
    fits: Callable[[VerifiedServer], bool]
    trust: Trust
    why: ConfirmReason | None = None  # with Trust.CONFIRM; None: it depends on the server


RULES = (
    Rule("anywhere", "the caller's or the user's own table or folder, or typed", _own, Trust.OWN),
    Rule("named by the row", "the row of the exact domain, unless it is disputed", _of_exact_row, Trust.PROVIDER),
    Rule(
        "anywhere, and D is a public suffix",
        "anything else",
        _at_public_suffix,
        Trust.CONFIRM,
        ConfirmReason.PUBLIC_SUFFIX,
    ),
    Rule(
        "named by the row, or under its `hosts` suffix",
        "the row that every MX host of the lowest preference belongs to",
        _of_exchangers_row,
        Trust.PROVIDER,
    ),
    Rule(
        "named by a row, or under its `hosts` suffix",
        "D's fixed document, or signed records",
        _in_table_and_vouched,
        Trust.PROVIDER,
    ),
    Rule(
        "named by the row that the table has for D, which is disputed",
        "anything but D's fixed document or signed records",
        _of_disputed_row,
        Trust.CONFIRM,
        ConfirmReason.DISPUTED,
    ),
    Rule(
        "not named by the row that the table has for D",
        "anything but D's fixed document or signed records",
        _beside_the_row,
        Trust.CONFIRM,
        ConfirmReason.NOT_IN_ROW,
    ),
    Rule(
        "at a port unusual for its protocol",
        "anything",
        _at_unusual_port,
        Trust.CONFIRM,
        ConfirmReason.UNUSUAL_PORT,
    ),
    Rule(
        "the host that served the document, or another one that serves D's, unless that is D",
        "anything",
        _serves_the_document,
        Trust.CONFIRM,
        ConfirmReason.DOCUMENT_HOST,
    ),
    Rule("inside", "D's fixed document, or signed records", _inside_and_vouched, Trust.DOMAIN),
    Rule("inside, under a usual name", "anything", _inside_under_usual_name, Trust.SAME_DOMAIN),
    Rule(
        "inside, and its certificate is also valid for D or a usual name",
        "anything",
        _inside_with_usual_certificate,
        Trust.SAME_DOMAIN,
    ),
    Rule("any other", "anything", _any, Trust.CONFIRM),
)


def trust_of(candidate: Candidate, probe: Probe | None, domain: MailDomain) -> Assessment:
    """Return how far *candidate* may be trusted with the password of an address at *domain*.

    *candidate* has all claims about its protocol on its host, whatever the port.
    """
    if probe is None or not probe.verified:
        return Assessment(Trust.UNVERIFIED)
    server = VerifiedServer(candidate, probe, domain)
    rule = next(rule for rule in RULES if rule.fits(server))
    return Assessment(rule.trust, _why(rule, server) if rule.trust is Trust.CONFIRM else None)


def _why(rule: Rule, server: VerifiedServer) -> ConfirmReason:
    """Return the reason that *rule* or the strongest source gives, else what is unusual about the host."""
    if rule.why is not None:
        return rule.why
    if server.inside:
        return ConfirmReason.UNUSUAL_NAME
    return server.candidate.claims[0].evidence.confirm_reason or ConfirmReason.OTHER_DOMAIN
