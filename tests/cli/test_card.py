"""The card that people read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings.cli.card import card
from mailsettings.cli.terminal import pen
from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.confirm_reasons import REASON_TEXTS
from mailsettings.errors import FailureKind
from mailsettings.model import (
    Authority,
    Confirmation,
    ConfirmReason,
    Detection,
    Endpoint,
    Evidence,
    Failure,
    Hello,
    Hint,
    Link,
    Note,
    OAuth,
    OAuthSource,
    Probe,
    Protocol,
    Provider,
    Security,
    Service,
    StatedOAuth,
    Task,
    Trust,
)
from mailsettings.schema import to_dict
from tests.support import detections
from tests.support.detections import CONFIRM, GMAIL, INCOMING_ONLY, NO_NETWORK, NOTHING, UNVERIFIED, VERIFIED, choice

ALL = [name for name in vars(detections) if isinstance(getattr(detections, name), Detection)]


def drawn(detection: Detection, *, everything: bool = False, colours: bool = False) -> str:
    """Return the card of *detection*."""
    return card(to_dict(detection), pen(colours=colours), everything=everything)


def test_a_card_says_what_to_type_first() -> None:
    """
    Host, port, security, user name and login method of both directions, and that they were verified.
    """
    assert drawn(VERIFIED) == (
        "ada@example.org\n"
        "\n"
        "Incoming    IMAP at imap.example.org, port 993, TLS\n"
        "            verified: TLS 1.3, certificate until 2027-02-01, Dovecot, 48 ms\n"
        "  user name ada@example.org, or ada\n"
        "  login     password\n"
        "  learned   SRV records, unsigned (_imaps._tcp.example.org SRV)\n"
        "\n"
        "Outgoing    SMTP at smtp.example.org, port 465, TLS\n"
        "            verified: TLS 1.3, certificate until 2027-02-01, Dovecot, 48 ms\n"
        "  user name ada@example.org, or ada\n"
        "  login     password\n"
        "  learned   SRV records, unsigned (_submissions._tcp.example.org SRV)\n"
        "\n"
        "Both servers were contacted and verified (0.42 s, nothing outstanding could be\n"
        "better).\n"
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("everything", [False, True], ids=["short", "all"])
def test_a_card_fits_a_terminal(name: str, everything: bool) -> None:
    """
    No line is wider than 80 columns unless it is one URL.
    """
    lines = drawn(getattr(detections, name), everything=everything).splitlines()

    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []


def test_hints_are_numbered_and_come_with_their_pages() -> None:
    """
    What has to be switched on first stands under the servers, each with the provider's page on a line of its own.
    """
    text = drawn(GMAIL)

    assert (
        "  1. Switch on IMAP in the settings of Gmail.\n     https://support.google.com/mail/answer/7126229\n" in text
    )


@pytest.mark.parametrize(
    ("authority", "says"),
    [
        (Authority.TABLE, "Switch it on.\n"),
        (Authority.TRACE, "Switch it on.\n"),
        (Authority.DOMAIN, "Switch it on. (says the domain itself)\n"),
        (Authority.ISPDB, "Switch it on. (says ISPDB)\n"),
        (Authority.MX_DOCUMENT, "Switch it on. (says the mail exchanger's domain)\n"),
    ],
)
def test_a_hint_of_a_document_says_whose_it_is(authority: Authority, says: str) -> None:
    """
    What the table has not checked is the statement of a document.
    """
    evidence = Evidence(authority, "somewhere", "a place", authentic=True, domain="example.org")
    detection = replace(VERIFIED, hints=(Hint("enable", "Switch it on.", evidence=evidence),))

    assert f"  1. {says}" in drawn(detection)


def test_hints_about_the_other_protocol_are_left_out() -> None:
    """
    Who gets IMAP need not switch on POP; --all shows everything.
    """
    detection = replace(GMAIL, hints=(Hint("enable_pop", "Switch on POP."), Hint("connection_limit", "At most 15.")))

    assert (
        "Switch on POP." in drawn(detection),
        "Switch on POP." in drawn(detection, everything=True),
    ) == (False, True)


def to_confirm(*confirmations: Confirmation) -> Detection:
    """Return an answer that asks for *confirmations*."""
    return replace(CONFIRM, confirm=tuple(each.host for each in confirmations), confirmations=confirmations)


def asked(host: str, why: ConfirmReason = ConfirmReason.OTHER_DOMAIN, **more: Any) -> Confirmation:
    return Confirmation(host, 993, ".".join(host.split(".")[-2:]), why, **more)


def test_a_host_to_agree_to_is_named_on_a_line_of_its_own() -> None:
    """
    It is shown whole, however long it is.
    """
    long = "a" * 60 + ".hoster.example"

    assert f"Confirm first\n  {long}\n" in drawn(to_confirm(asked(long)))


def test_hosts_of_one_group_have_one_reason() -> None:
    """
    Two hosts of a hoster are one question, that of another hoster is a second one.
    """
    hosts = ("imap.hoster.example", "smtp.hoster.example", "smtp.relay.example")
    text = drawn(to_confirm(*map(asked, hosts)))

    assert "Confirm first\n  imap.hoster.example\n  smtp.hoster.example\n  hoster.example is another domain" in text
    assert "\n\n  smtp.relay.example\n  relay.example is another domain" in text
    assert text.count("is another domain") == 2


@pytest.mark.parametrize("why", ConfirmReason)
def test_every_reason_is_said_in_words(why: ConfirmReason) -> None:
    """
    The user reads why and what to check, with the names filled in.
    """
    text = " ".join(drawn(to_confirm(asked("mail.hoster.example", why))).split())

    assert REASON_TEXTS[why].reason.partition("{")[0] in text
    assert "Agree" in text
    assert "{" not in text


def test_a_look_alike_is_flagged_in_both_spellings() -> None:
    """
    The warning stands between the name and the reason.
    """
    text = drawn(to_confirm(asked("imap.xn--gmal-nza.com", look_alike_of="gmail.com")))

    assert "  imap.gmaıl.com (imap.xn--gmal-nza.com)\n  imap.gmaıl.com (imap.xn--gmal-nza.com) looks like" in text
    assert "looks like gmail.com, but is not gmail.com." in " ".join(text.split())


def test_a_missing_direction_is_explained() -> None:
    """
    With only incoming found, the card says so, why, and what to do.
    """
    text = drawn(INCOMING_ONLY)

    assert [line for line in text.splitlines() if line.startswith(("Outgoing", "  smtp", "  A fire", "Only"))] == [
        "Outgoing    no server found",
        "  smtp.example.org:465 (tls), smtp.example.org:587 (starttls): no answer to the",
        "  A firewall may block mail: try another network, or a longer --timeout.",
        "Only the incoming server was verified (0.42 s, nothing outstanding could be",
    ]


def test_nothing_found_is_explained_in_words() -> None:
    """
    Names that do not exist are listed by name, not as records and codes.
    """
    assert "nothing.example:993 (tls): nothing listens there" in drawn(NOTHING)


def test_without_a_network_the_card_says_so() -> None:
    """
    Nobody is left to wonder whether the domain or the connection is at fault.
    """
    assert "Check the connection of this machine" in drawn(NO_NETWORK)


def test_known_servers_without_a_network_are_marked() -> None:
    """
    Servers from the table are shown, and that nothing was verified.
    """
    text = drawn(replace(UNVERIFIED, failures=NO_NETWORK.failures))

    assert "No network: nothing was verified (offline: the provider table only).\n" in text


def test_failures_of_the_search_are_not_shown_once_both_are_verified() -> None:
    """
    A verified answer is not cluttered with what else was tried; --all shows it.
    """
    detection = replace(VERIFIED, failures=NOTHING.failures)

    assert (
        "went wrong" in drawn(detection),
        "went wrong" in drawn(detection, everything=True),
    ) == (False, True)


def test_everything_shows_each_choice_with_its_reasons() -> None:
    """
    --all numbers the choices and says why each stands there.
    """
    text = drawn(GMAIL, everything=True)

    assert "  2.        POP3 at pop.gmail.com, port 995, TLS\n" in text
    assert text.count("  because   verified: spoken inside TLS\n") == 3


def test_both_forms_of_an_international_address_are_shown() -> None:
    """
    The address as people write it comes with the address as the wire has it.
    """
    detection = replace(VERIFIED, address="ada@xn--bcher-kva.example", shown_address="ada@bücher.example")

    assert drawn(detection).splitlines()[0] == "ada@bücher.example (ada@xn--bcher-kva.example)"


def test_a_suggestion_is_a_question() -> None:
    """
    A probable slip is asked about, and nothing is rewritten.
    """
    head = drawn(replace(VERIFIED, address="ada@gmial.com", suggestion="ada@gmail.com")).splitlines()[:2]

    assert head == ["ada@gmial.com", "Did you mean ada@gmail.com?"]


def test_a_provider_without_access_explains_itself() -> None:
    """
    No servers and a hint: the hint is what there is to know.
    """
    detection = Detection("ada@tuta.com", Provider("tuta", "Tuta", "none"), hints=(Hint("no_access", "Use its app."),))

    assert "No mail server found\n\nWhat to know\n  1. Use its app.\n" in drawn(detection)


@pytest.mark.parametrize("settled_by", ["", "the provider lets no mail program in"])
def test_a_bridge_is_something_to_start_and_not_nothing(settled_by: str) -> None:
    """
    What to enter is said by the row; nothing beside it says that there is nothing.
    """
    hint = Hint("bridge_needed", "Start it first. Then enter IMAP at 127.0.0.1, port 1143.")
    provider = Provider("proton", "Proton Mail", "bridge", (hint,))

    text = drawn(replace(NOTHING, provider=provider, hints=(hint,), failures=(), settled_by=settled_by))

    assert "on your own computer" in text
    assert "port 1143" in text
    assert [words for words in ("No mail server", "Nothing was found", "no mail program") if words in text] == []


def test_colours_change_nothing_but_colours() -> None:
    """
    Without its escape sequences the coloured card is the plain one.
    """
    coloured = drawn(CONFIRM, colours=True)
    for code in ("1", "2", "32", "33", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")

    assert drawn(CONFIRM) == coloured


def hostile(text: str) -> Detection:
    """Return a detection that has *text* wherever strangers may have written."""
    endpoint = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
    evil = replace(
        choice(),
        username=text,
        usernames=(text,),
        reasons=(text,),
        claims=tuple(
            replace(claim, evidence=replace(claim.evidence, source=text, locator=text)) for claim in choice().claims
        ),
        probe=Probe(endpoint, Hello(text, text, (text,)), tls=None),
    )
    failed = replace(
        evil, verified=False, probe=Probe(endpoint, failure=Failure(FailureKind.GREETING_REFUSED, Task(text), text))
    )
    return Detection(
        address=f"{text}@example.org",
        provider=Provider(text, text, text),
        incoming=(evil, failed),
        outgoing=(failed,),
        confirm=(text,),
        confirmations=(Confirmation(text, 993, text, ConfirmReason.OTHER_DOMAIN, text),),
        hints=(Hint("x", text, text),),
        documentation=(Link(text, text),),
        notes=(Note(text),),
        failures=(Failure(FailureKind.GREETING_REFUSED, Task(text), text),),
        other_services=(Service(text, text),),
        oauth=(OAuthSource(OAuth(text, text, text), False, text, text, StatedOAuth(text, scopes_supported=(text,))),),
        settled_by=text,
        seconds=0.1,
        suggestion=text,
        shown_address=text,
    )


def test_a_foreign_domain_that_the_domain_itself_names_is_said_to_be() -> None:
    """
    The user is asked all the same, and told who says so.
    """
    foreign = choice("imap://imap.hoster.example:993", authority=Authority.DOMAIN, trust=Trust.CONFIRM)
    text = drawn(replace(to_confirm(asked("imap.hoster.example")), incoming=(foreign,), outgoing=()))

    assert "\n  example.org itself names these servers.\n" in text


OTHERS = (Service("caldav", "https://dav.example.org/"), Service("managesieve", "sieve://imap.example.org"))


def test_what_is_offered_beside_mail_has_one_line() -> None:
    """
    Kinds only; --all says where.
    """
    short = drawn(replace(VERIFIED, other_services=OTHERS))

    assert "\nAlso offered caldav, managesieve (--all shows where)\n" in short
    assert "  caldav https://dav.example.org/\n" in drawn(replace(VERIFIED, other_services=OTHERS), everything=True)


@pytest.mark.parametrize(("known", "shown"), [(True, False), (False, True)])
def test_an_issuer_that_only_the_domain_vouches_for_is_shown(known: bool, shown: bool) -> None:
    """
    Whoever types a password there should have looked at its name; well-known ones are for programs.
    """
    oauth = OAuth("https://login.example.org", "https://login.example.org/a", "https://login.example.org/t")
    text = drawn(replace(VERIFIED, oauth=(OAuthSource(oauth, known, "somewhere"),)))

    assert shown is ("https://login.example.org (only example.org says so; look" in text)
    assert shown is ("OAuth2" in text)


def test_what_an_issuer_states_is_listed_with_everything() -> None:
    """
    For people who look into it; nothing of it is opened.
    """
    stated = StatedOAuth("https://login.example.org/a", scopes_supported=("mail", "offline_access"))
    source = OAuthSource(OAuth("https://login.example.org", "", ""), False, "somewhere", "autoconfig", stated)
    short, full = (drawn(replace(VERIFIED, oauth=(source,)), everything=everything) for everything in (False, True))

    lines = ("authorization_endpoint https://login.example.org/a", "scopes_supported mail offline_access")
    assert [line in short for line in lines] == [False, False]
    assert [f"\n  {line}\n" in full for line in lines] == [True, True]


@pytest.mark.parametrize(
    "text", ["\x1b[31;1;4mred", "\x9b2J", "a\rb\nc", "\u202eabc", "\x1b]52;c;ZXZpbA==\x07", "\x00"]
)
@pytest.mark.parametrize("everything", [False, True], ids=["short", "all"])
def test_hostile_strings_never_reach_the_terminal(text: str, everything: bool) -> None:
    """
    Wherever a stranger's text is shown, escape sequences, line ends and bidi marks are written out.
    """
    shown = drawn(hostile(text), everything=everything)

    assert [char for char in shown if not char.isprintable() and char != "\n"] == []


@settings(deadline=None)  # the first card loads the words of the reasons
@given(st.text(max_size=40))
def test_any_text_can_be_shown(text: str) -> None:
    """
    No string breaks the card or gets a control character into it.
    """
    shown = drawn(hostile(text), everything=True)

    assert all(char.isprintable() or char == "\n" for char in shown)


def test_what_is_wrong_and_what_to_do_is_said_in_the_answer() -> None:
    """
    The findings that explain a missing direction, with the provider's page; the slip is asked about at the top.
    """
    found = (
        finding("typo", "seen", use="ada@example.org"),
        finding("certificate-expired", "seen", about="mail.example.org:993", link="https://example.org/help"),
    )

    text = drawn(replace(UNVERIFIED, findings=found))

    assert "certificate of mail.example.org:993 has expired" in " ".join(text.split())
    assert "https://example.org/help" in text
    assert "Did you mean" not in text
