"""The table of trust through `detect`: record × authentic × position of the name × certificate × row → trust, confirm.

The oracle below is the table of ARCHITECTURE's section "Trust" written once more, without the program's own parts. D is
the address's domain, R its registrable domain.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.worlds import document
from mailsettings import Detection, Policy
from mailsettings.model import Choice, ConfirmReason, Endpoint, Trust
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.lab.web_documents import AUTOCONFIG
from tests.support.security.harness import ADA, Build, detect_in
from tests.support.security.trust_worlds import HOSTER, IMAP_PORT, UNUSUAL_PORT, Learned, TrustCase

# D, and R
PLAIN, DEEPER, IN_TABLE, SUFFIX = "victim.example", "lab.victim.example", "gmx.de", "rub.de"
REGISTRABLE = {PLAIN: PLAIN, DEEPER: PLAIN, IN_TABLE: IN_TABLE, SUFFIX: SUFFIX}
ROW_HOSTS: Mapping[str, frozenset[str]] = {IN_TABLE: frozenset({"imap.gmx.net", "mail.gmx.net", "pop.gmx.net"})}
TABLE_HOSTS = frozenset({"imap.gmail.com", "imap.gmx.net"})

INSIDE_D = (
    *("{d}", "imap.{d}", "mail.{d}", "smtp.{d}", "pop.{d}", "imap.mail.{d}", "mx.{d}", "mx1.{d}", "mx07.{d}"),
    *("box.{d}", "mx10.{d}", "autoconfig.{d}", "imap.deep.{d}", "mail.dept.{d}", "c-98-1.hsd1.{d}"),
)
INSIDE_R = ("{r}", "mail.{r}", "imap.{r}", "mx1.{r}", "old-shop.{r}")
OUTSIDE = ("imap.hoster.example", "mail.victim.example.evil.example", "imap.evilvictim.example", "imap.gmail.com")
IN_ROW = ("imap.gmx.net",)
HUNDRED = tuple(f"mail.customer{number}.example" for number in range(100))
CERTIFICATES = (
    *((), ("{d}",), ("*.{d}",), ("mail.{d}",), ("{r}",), ("www.{d}",), ("box.{d}",), ("*.hoster.example",)),
    *(HUNDRED, (*HUNDRED, "{d}"), (*HUNDRED, "imap.deep.{d}")),
)

USUAL_LABELS = (
    *("imap", "mail", "smtp", "pop", "pop3", "imap.mail", "smtp.mail", "mx"),
    *(f"mx{number}" for number in range(1, 10)),
    *(f"mx0{number}" for number in range(1, 10)),
)
USUAL_LABELS_ABOVE = ("imap", "mail", "smtp", "pop")
FIXED_DOCUMENTS = (Learned.DOCUMENT, Learned.WELL_KNOWN)
SERVED_BY = {Learned.DOCUMENT: "autoconfig.{d}", Learned.HTTP: "autoconfig.{d}", Learned.WELL_KNOWN: "{d}"}


def usual_names(domain: str) -> frozenset[str]:
    """Return D, R, the names that are tried for them, and the usual names of exchangers."""
    above = REGISTRABLE[domain]
    at_d = {f"{label}.{domain}" for label in USUAL_LABELS}
    at_r = {f"{label}.{above}" for label in USUAL_LABELS_ABOVE}
    return frozenset({domain, above, *at_d, *at_r})


def is_valid_for(name: str, names: tuple[str, ...]) -> bool:
    """Say whether a certificate for *names* is valid for *name*."""
    return name in names or f"*.{name.partition('.')[2]}" in names


def expected(case: TrustCase, endpoint: Endpoint) -> Trust:
    """Return the trust that the first line of the table says which fits."""
    above, usual = REGISTRABLE[case.domain], usual_names(case.domain)
    inside = case.host == above or case.host.endswith(f".{above}")
    vouched = case.learned in (*FIXED_DOCUMENTS, Learned.SIGNED_SRV)
    row = ROW_HOSTS.get(case.domain)
    # The row names no server at a port that its own entries do not have.
    if row and case.host in row and endpoint.port != UNUSUAL_PORT:
        return Trust.PROVIDER
    if case.domain == SUFFIX:
        return Trust.CONFIRM
    if case.host in TABLE_HOSTS and vouched:
        return Trust.PROVIDER
    if row and not vouched:
        return Trust.CONFIRM
    if endpoint.port == UNUSUAL_PORT:
        return Trust.CONFIRM
    if case.host == SERVED_BY.get(case.learned, "").format(d=case.domain) != case.domain:
        return Trust.CONFIRM
    if inside and vouched:
        return Trust.DOMAIN
    if inside and case.host in usual:
        return Trust.SAME_DOMAIN
    if inside and any(is_valid_for(name, case.names) for name in usual):
        return Trust.SAME_DOMAIN
    return Trust.CONFIRM


@st.composite
def cases(draw: st.DrawFn) -> TrustCase:
    """Draw a server, where its name is, its certificate, and how it was learned."""
    domain = draw(st.sampled_from((PLAIN, DEEPER, IN_TABLE, SUFFIX)))
    learned = draw(st.sampled_from(Learned))
    # As an exchanger a name of a row's leads to the row, which is another case.
    others = () if learned is Learned.MX else (*IN_ROW, *OUTSIDE)
    position = draw(st.sampled_from(INSIDE_D) | st.sampled_from((*INSIDE_R, *others)))
    names = draw(st.sampled_from(CERTIFICATES))
    port = draw(st.sampled_from((IMAP_PORT, IMAP_PORT, UNUSUAL_PORT)))
    above = REGISTRABLE[domain]
    return TrustCase(
        domain,
        position.format(d=domain, r=above),
        learned,
        tuple(name.format(d=domain, r=above) for name in names),
        port,
    )


def firsts(detection: Detection) -> tuple[Choice, ...]:
    """Return the servers that a password would be sent to: the verified first choices."""
    return tuple(choice for choice in (*detection.incoming[:1], *detection.outgoing[:1]) if choice.verified)


def detected(build: Build, address: str = ADA) -> Detection:
    return detect_in(build, policy=Policy(), address=address).detection


@given(case=cases())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_trust_is_what_the_first_line_says_that_fits(case: TrustCase) -> None:
    """Whatever names the server, wherever its name lies, whatever its certificate is valid for."""
    detection = detected(case.build, case.address)

    for choice in firsts(detection):
        assert (choice.endpoint.host, choice.trust) == (case.host, expected(case, choice.endpoint))
        assert (choice.confirm_reason is not None) == (choice.trust is Trust.CONFIRM)
    asked = dict.fromkeys(choice.endpoint.host for choice in firsts(detection) if choice.trust is Trust.CONFIRM)
    assert detection.confirm == tuple(each.host for each in detection.confirmations) == tuple(asked)
    assert {each.group for each in detection.confirmations} <= {group_of(case)}


def group_of(case: TrustCase) -> str:
    """Return the domain above the server under which no stranger can have a name."""
    above = REGISTRABLE[case.domain]
    inside = case.host == above or case.host.endswith(f".{above}")
    if inside and case.domain != SUFFIX:
        return above
    # Of what lies elsewhere, and below a public suffix, each registrable domain is one label longer.
    labels = case.host.split(".")
    return ".".join(labels[-3:] if case.host.endswith(f".{SUFFIX}") else labels[-2:])


@pytest.mark.parametrize(
    ("case", "trust", "why"),
    [
        pytest.param(TrustCase(IN_TABLE, "imap.gmx.net", Learned.NOTHING), Trust.PROVIDER, None, id="row"),
        pytest.param(TrustCase(PLAIN, "imap.gmail.com", Learned.DOCUMENT), Trust.PROVIDER, None, id="document-row"),
        pytest.param(TrustCase(PLAIN, "imap.gmail.com", Learned.SIGNED_SRV), Trust.PROVIDER, None, id="signed-row"),
        pytest.param(
            TrustCase(IN_TABLE, f"imap.{IN_TABLE}", Learned.NOTHING),
            Trust.CONFIRM,
            ConfirmReason.NOT_IN_ROW,
            id="usual-name-beside-the-row",
        ),
        pytest.param(
            TrustCase(PLAIN, f"box.{PLAIN}", Learned.DOCUMENT, port=UNUSUAL_PORT),
            Trust.CONFIRM,
            ConfirmReason.UNUSUAL_PORT,
            id="unusual-port",
        ),
        pytest.param(
            TrustCase(PLAIN, f"autoconfig.{PLAIN}", Learned.DOCUMENT),
            Trust.CONFIRM,
            ConfirmReason.DOCUMENT_HOST,
            id="document-host",
        ),
        pytest.param(TrustCase(PLAIN, PLAIN, Learned.WELL_KNOWN), Trust.DOMAIN, None, id="domain-names-itself"),
        pytest.param(TrustCase(PLAIN, f"box.{PLAIN}", Learned.SIGNED_SRV), Trust.DOMAIN, None, id="signed"),
        pytest.param(TrustCase(DEEPER, f"mail.{PLAIN}", Learned.NOTHING), Trust.SAME_DOMAIN, None, id="usual-above"),
        pytest.param(TrustCase(PLAIN, f"mx07.{PLAIN}", Learned.MX), Trust.SAME_DOMAIN, None, id="exchanger"),
        pytest.param(
            TrustCase(PLAIN, f"box.{PLAIN}", Learned.MX, (f"*.{PLAIN}",)), Trust.SAME_DOMAIN, None, id="certificate"
        ),
        pytest.param(
            TrustCase(PLAIN, f"imap.lab.{PLAIN}", Learned.SRV),
            Trust.CONFIRM,
            ConfirmReason.UNUSUAL_NAME,
            id="usual-label-deeper",
        ),
        pytest.param(
            TrustCase(PLAIN, f"imap.{HOSTER}", Learned.DOCUMENT),
            Trust.CONFIRM,
            ConfirmReason.OTHER_DOMAIN,
            id="elsewhere",
        ),
        pytest.param(
            TrustCase(SUFFIX, f"imap.{SUFFIX}", Learned.MX), Trust.CONFIRM, ConfirmReason.PUBLIC_SUFFIX, id="suffix"
        ),
    ],
)
def test_each_line_of_the_table_decides(case: TrustCase, trust: Trust, why: ConfirmReason | None) -> None:
    """One case for each, so that the search reaches all of them."""
    found = firsts(detected(case.build, case.address))[0]

    assert (found.endpoint.host, found.trust, found.confirm_reason) == (case.host, trust, why)
    assert expected(case, found.endpoint) is trust


@pytest.mark.parametrize("place", [0, 50, 99, None], ids=str)
@pytest.mark.parametrize("name", ["{d}", "imap.{d}", "*.{d}"])
def test_one_of_a_hundred_names_is_enough(place: int | None, name: str) -> None:
    """
    A shared machine's certificate lists its customers: the domain may stand anywhere among them, but it has to.
    """
    names = [f"mail.customer{number}.example" for number in range(100)]
    if place is not None:
        names[place] = name.format(d=PLAIN)
    case = TrustCase(PLAIN, f"vps.{PLAIN}", Learned.MX, tuple(names))

    trusts = {choice.trust for choice in firsts(detected(case.build))}

    assert trusts == {Trust.CONFIRM if place is None else Trust.SAME_DOMAIN}


# More than one server


def test_an_exchanger_that_two_rows_match_belongs_to_the_closer_one() -> None:
    """
    AOL's exchangers lie below a name of Yahoo's: the row with the longer pattern names the servers.
    """

    def build(net: FakeNetwork) -> None:
        net.records(PLAIN, MX="10 mx-aol.mail.gm0.yahoodns.net")
        for host in ("imap.aol.com", "imap.mail.yahoo.com"):
            net.host(host).serve(imap())
        for host in ("smtp.aol.com", "smtp.mail.yahoo.com"):
            net.host(host).serve(smtp())

    found = [(choice.endpoint.host, choice.trust) for choice in firsts(detected(build))]

    assert found == [("imap.aol.com", Trust.PROVIDER), ("smtp.aol.com", Trust.PROVIDER)]


@pytest.mark.parametrize("foreign", ["google", "gandi", "unknown"])
@pytest.mark.parametrize("first", [True, False])
def test_exchangers_of_one_preference_have_to_agree(foreign: str, *, first: bool) -> None:
    """
    One of them is enough to receive the mail, so one that is not the provider's takes its certainty away.
    """
    hosts = {"google": "aspmx.l.google.com", "gandi": "spool.mail.gandi.net", "unknown": "mx.evil.example"}
    exchangers = ["10 in1-smtp.messagingengine.com", f"10 {hosts[foreign]}"]

    def build(net: FakeNetwork) -> None:
        net.records(PLAIN, MX=exchangers if first else exchangers[::-1])
        for host in ("imap.fastmail.com", "smtp.fastmail.com"):
            net.host(host).serve(imap(), smtp())

    assert {choice.trust for choice in firsts(detected(build))} == {Trust.CONFIRM}


@pytest.mark.parametrize("way", ["document", "signed", "unsigned"])
@pytest.mark.parametrize("direction", ["incoming", "outgoing", "neither"])
def test_a_row_is_disputed_by_what_the_domain_itself_says(way: str, direction: str) -> None:
    """
    A fixed document or signed records that name another company for one direction; what could be forged does not.
    """
    other, own = f"box.{HOSTER}", "imap.gmx.net"
    reading, sending = other if direction == "incoming" else own, other if direction == "outgoing" else "mail.gmx.net"

    def build(net: FakeNetwork) -> None:
        for host in (other, own, "mail.gmx.net"):
            net.host(host).serve(imap(), smtp())
        net.records(IN_TABLE, MX="10 mx00.gmx.net")
        if way == "document":
            net.page(f"https://autoconfig.{IN_TABLE}{AUTOCONFIG}", document(reading, sending))
            return
        net.records(f"_imaps._tcp.{IN_TABLE}", SRV=f"0 1 993 {reading}")
        net.records(f"_submissions._tcp.{IN_TABLE}", SRV=f"0 1 465 {sending}")
        net.signed(*((IN_TABLE,) if way == "signed" else ()))

    # The search ends with the row unless it is told to ask the domain as well.
    detection = detect_in(build, policy=Policy(exhaustive=True), address=f"ada@{IN_TABLE}").detection
    choices = {choice.endpoint.host: choice for choice in (*detection.incoming, *detection.outgoing) if choice.verified}
    displaced = {"incoming": own, "outgoing": "mail.gmx.net", "neither": own}[direction]
    disputed = way != "unsigned" and direction != "neither"

    assert (choices[displaced].trust, choices[displaced].confirm_reason) == (
        (Trust.CONFIRM, ConfirmReason.DISPUTED) if disputed else (Trust.PROVIDER, None)
    )
    assert ({choice.endpoint.host for choice in firsts(detection)} == {reading, sending}) == (
        disputed or direction == "neither"
    )
