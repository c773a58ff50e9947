"""What the values of a detection say of themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.latency import search
from mailsettings.address import parse_address
from mailsettings.diagnosis.catalogue import finding
from mailsettings.errors import AddressError
from mailsettings.model import Authority as By
from mailsettings.model import Choice, Claim, Detection, Endpoint, Evidence, Protocol, Security, Trust
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp
from tests.support.values import claim

SUBMIT = "smtp://smtp.example.org:465"


def found_for(address: str) -> Detection:
    """Return what is found for *address*, whose domain has servers of its own."""
    net = FakeNetwork()
    net.host("imap.example.org").serve(imap())
    net.host("smtp.example.org").serve(smtp())
    detection, _ = run_virtual(search, net, address)
    return detection


def choice(where: str, usernames: tuple[str, ...] = (), *, verified: bool = True) -> Choice:
    said = claim(where, By.DOMAIN, usernames=usernames)
    return Choice(said.endpoint, "", "", (), (), verified, Trust.DOMAIN, (), (said,))


@pytest.mark.parametrize(
    ("holds", "members"),
    [
        pytest.param(lambda by: by.guessed, {By.GUESS, By.CERTIFICATE}, id="guessed"),
        pytest.param(
            lambda by: by.stated,
            {By.TABLE, By.DOMAIN, By.ISPDB, By.SRV, By.MX_TABLE, By.HTTP_DOCUMENT},
            id="stated",
        ),
        pytest.param(lambda by: by.by_exact_domain, {By.OWN_TABLE, By.TABLE}, id="by exact domain"),
        pytest.param(
            lambda by: by.from_table, {By.TABLE, By.MX_TABLE, By.HOSTING, By.TRACE}, id="from the bundled table"
        ),
        pytest.param(lambda by: by.from_matching_row, {By.TABLE, By.MX_TABLE}, id="from a row of domain or MX"),
        pytest.param(lambda by: by.knows_usernames, {By.OWN_TABLE, By.TABLE, By.MX_TABLE}, id="knows user names"),
        pytest.param(
            lambda by: by.names_provider,
            {By.OWN_TABLE, By.TABLE, By.MX_TABLE, By.HOSTING},
            id="names the provider",
        ),
    ],
)
def test_a_property_of_authorities_holds_for_these_alone(holds: Callable[[By], bool], members: set[By]) -> None:
    """
    Who may vouch for what is decided here and nowhere else.
    """
    assert members == {by for by in By if holds(by)}


@pytest.mark.parametrize(
    ("incoming", "outgoing", "verified"),
    [
        pytest.param((True,), (True,), True, id="both"),
        pytest.param((True, False), (True, False), True, id="best of both"),
        pytest.param((True,), (False,), False, id="incoming"),
        pytest.param((False, True), (True,), False, id="second best"),
        pytest.param((), (True,), False, id="outgoing alone"),
        pytest.param((), (), False, id="nothing"),
    ],
)
def test_a_detection_is_verified_if_both_best_choices_are(
    incoming: tuple[bool, ...], outgoing: tuple[bool, ...], verified: bool
) -> None:
    """
    A direction without a verified best server leaves the answer unverified.
    """
    detection = Detection(
        "ada@example.org",
        incoming=tuple(choice("imap://imap.example.org:993", verified=each) for each in incoming),
        outgoing=tuple(choice(SUBMIT, verified=each) for each in outgoing),
    )

    assert detection.verified is verified


def test_a_detection_for_another_address_of_the_domain_is_that_addresss_own() -> None:
    """
    What was found for the postmaster is, for another address, what a search for it finds.
    """
    found = found_for("postmaster@example.org")

    assert found.for_address(parse_address("ada@example.org")) == found_for("ada@example.org")


def test_user_names_follow_the_documents_templates() -> None:
    """
    A document's own template is filled in, not the usual ones.
    """
    domains = Detection("postmaster@example.org", outgoing=(choice(SUBMIT, ("%EMAILLOCALPART%.mail",)),))

    own = domains.for_address(parse_address("ada@example.org"))

    assert own.outgoing[0].usernames == ("ada.mail",)


def test_a_question_about_a_typo_has_the_persons_own_name() -> None:
    """
    "Did you mean" keeps what stands before the @, in the suggestion and in the finding about it.
    """
    typo = finding("typo", "gmial.com is one slip away", use="postmaster@gmail.com")
    domains = Detection("postmaster@gmial.com", suggestion="postmaster@gmail.com", findings=(typo,))

    own = domains.for_address(parse_address("ada@gmial.com"))

    assert (own.suggestion, own.findings[0].advice) == ("ada@gmail.com", "Did you mean ada@gmail.com?")


def test_a_finding_that_quotes_an_address_stays_as_it_is() -> None:
    """
    Advice that happens to have the suggestion in it is about something else.
    """
    other = finding("username-other-form", "seen", use="postmaster@gmail.com")
    domains = Detection("postmaster@gmial.com", suggestion="postmaster@gmail.com", findings=(other,))

    assert domains.for_address(parse_address("ada@gmial.com")).findings == (other,)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "localhost", "mail-serv", "nas.local", "192.168.1.10", "11.0.0.1"]
)
@pytest.mark.parametrize("authority", list(By), ids=str)
def test_only_the_user_names_servers_that_are_not_public(host: str, authority: By) -> None:
    """
    Whatever a source makes of what it has read: no claim but the user's own leads into the user's network.
    """
    endpoint = Endpoint(Protocol.IMAP, host, 993, Security.TLS)
    evidence = Evidence(authority, "source", "where")

    if authority is By.OWN_TABLE:
        assert Claim(endpoint, evidence).endpoint == endpoint
    else:
        with pytest.raises(AddressError, match="no public host"):
            Claim(endpoint, evidence)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.1", "[::1]", "fe80::1%eth0", "Nas.local", "a b", "a_b", "", "."]
)
def test_an_endpoint_has_a_host_in_its_plain_form(host: str) -> None:
    """
    No address in disguise, no second spelling.
    """
    with pytest.raises(AddressError):
        Endpoint(Protocol.IMAP, host, 993, Security.TLS)
