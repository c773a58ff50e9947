"""What the user has to agree to: hosts, each once, with the reason and what they look like."""

from dataclasses import replace

import idna
import pytest

from mailsettings.address import parse_address
from mailsettings.decision.confirmation import agreed_hosts, confirmations
from mailsettings.decision.typos import imitated
from mailsettings.diagnosis.confirm_reasons import REASON_TEXTS, reason_texts
from mailsettings.hostnames import registrable
from mailsettings.model import Choice, Confirmation, ConfirmReason, Trust
from mailsettings.provider_table import table
from tests.support.detections import choice

ADA = parse_address("ada@company.example")
OTHER = ConfirmReason.OTHER_DOMAIN


def to_confirm(url: str, why: ConfirmReason | None = OTHER) -> Choice:
    return replace(choice(url, trust=Trust.CONFIRM), confirm_reason=why)


def asked(*urls: str, own: str = "company.example") -> tuple[Confirmation, ...]:
    return confirmations(map(to_confirm, urls), parse_address(f"ada@{own}"))


def a_label(host: str) -> str:
    return idna.encode(host, uts46=True).decode()


def test_only_choices_to_confirm_are_asked_about() -> None:
    """What is trusted, and what was not verified and gets no password at all, is no question."""
    others = [choice(trust=trust) for trust in Trust if trust is not Trust.CONFIRM]

    assert confirmations(others, ADA) == ()


def test_each_host_is_asked_about_once() -> None:
    """Incoming and outgoing mail on one machine are one host, with the port of the first."""
    found = asked("imap://mail.hoster.example:993", "smtp://mail.hoster.example:465")

    assert found == (Confirmation("mail.hoster.example", 993, "hoster.example", OTHER),)


def test_hosts_of_one_operator_are_one_group() -> None:
    """Two hosts below one registered domain are two confirmations and one question."""
    found = asked("imap://imap.hoster.example:993", "smtp://smtp.hoster.example:465")

    assert [(each.host, each.port, each.group) for each in found] == [
        ("imap.hoster.example", 993, "hoster.example"),
        ("smtp.hoster.example", 465, "hoster.example"),
    ]


def test_an_unusual_port_is_the_one_to_show() -> None:
    """Agreeing to port 993 must not cover, unseen, a port that any user of the machine may open."""
    usual = to_confirm("imap://mail.hoster.example:993")
    unusual = to_confirm("smtp://mail.hoster.example:5870", ConfirmReason.UNUSUAL_PORT)

    assert [(each.port, each.why) for each in confirmations((usual, unusual), ADA)] == [
        (5870, ConfirmReason.UNUSUAL_PORT)
    ]


@pytest.mark.parametrize("why", ConfirmReason)
def test_the_reason_is_that_of_the_choice(why: ConfirmReason) -> None:
    """It is decided with the trust, and only passed on."""
    assert confirmations((to_confirm("imap://imap.hoster.example:993", why),), ADA)[0].why is why


def test_without_a_reason_it_is_another_domain() -> None:
    """A choice from a document of an earlier version has none."""
    assert confirmations((to_confirm("imap://imap.hoster.example:993", None),), ADA)[0].why is OTHER


IMITATIONS = {
    "imap.gmaıl.com": "gmail.com",
    "imap.grnail.com": "gmail.com",
    "imap.gmai1.com": "gmail.com",
    "mail.0utlook.com": "outlook.com",
    "imap.gmial.com": "gmail.com",
    "imap.gmail.com.secure-mail.example": "gmail.com",
    "outlook.office365.com.secure-mail.example": "office365.com",
    "imap.web.de.secure-mail.example": "web.de",
    "imap.cornpany.example": "company.example",
    "imap.c0mpany.example": "company.example",
    "imap.cоmpany.example": "company.example",  # a Cyrillic o
    "imap.compnay.example": "company.example",
    "imap.cömpany.example": "company.example",
}


@pytest.mark.parametrize(("host", "twin"), IMITATIONS.items(), ids=IMITATIONS)
def test_a_look_alike_is_flagged(host: str, twin: str) -> None:
    """Letters of other scripts, digits, rn for m, typos, and a well-known name in front: of a provider or of D."""
    assert asked(f"imap://{a_label(host)}:993")[0].look_alike_of == twin


@pytest.mark.parametrize(
    "host",
    ["imap.hoster.example", "mail.company.example", "company.hoster.example", "imap.bücher.example", "imap.gmail.com",
     "mail.de.hoster.example", "company.example.mail.hoster.example", "outlook.office365.com", "imap.modern.com"],
)  # fmt: skip
def test_honest_names_are_not_flagged(host: str) -> None:
    """Neither D itself and the providers themselves, nor a hoster that names machines after its customers."""
    assert asked(f"imap://{a_label(host)}:993")[0].look_alike_of == ""


def test_no_server_of_the_table_looks_like_another_one() -> None:
    """A warning that is often wrong is not read."""
    servers = {each.endpoint.host for row in table.all_providers() for each in (*row.incoming, *row.outgoing)}
    hosts = sorted(host for host in servers if "%" not in host)

    assert [host for host in hosts if imitated(host, registrable(host), "company.example")] == []


def test_agreeing_takes_every_spelling_of_a_host() -> None:
    """Capitals, the dot at the end, U-labels; what is no host name agrees to nothing."""
    names = (
        "IMAP.Bücher.Example.",
        "imap.xn--gmal-nza.com",
        " mail.hoster.example ",
        "",
        "a b",
        "127.0.0.1",
        "*.x.example",
    )

    assert agreed_hosts(names) == {"imap.xn--bcher-kva.example", "imap.xn--gmal-nza.com", "mail.hoster.example"}


def test_every_reason_has_words() -> None:
    """What a person cannot read, they cannot agree to."""
    assert set(REASON_TEXTS) == set(ConfirmReason)


@pytest.mark.parametrize("why", ConfirmReason)
def test_the_words_are_two_sentences_without_gaps(why: ConfirmReason) -> None:
    """One sentence says why, the other one what to check; every placeholder is filled in."""
    (text,) = reason_texts([(why, "HOST", 993)], group="GROUP", domain="DOMAIN")
    named = REASON_TEXTS[why].advice.format(host="HOST", port=993, group="GROUP", domain="DOMAIN")

    assert text.endswith(named)
    assert named.startswith("Agree ")
    assert text.count(". ") == 1
    assert "{" not in text


def test_a_reason_of_two_hosts_is_given_once() -> None:
    """With both names in it, and the ports one by one where they are what matters."""
    names = [(ConfirmReason.NOT_IN_ROW, "imap.x", 993), (ConfirmReason.NOT_IN_ROW, "smtp.x", 465)]
    ports = [(ConfirmReason.UNUSUAL_PORT, "imap.x", 9930), (ConfirmReason.UNUSUAL_PORT, "smtp.x", 4650)]

    assert "imap.x and smtp.x" in " ".join(reason_texts(names, group="x", domain="d"))
    assert [text.split(" is ")[0] for text in reason_texts(ports, group="x", domain="d")] == ["Port 9930", "Port 4650"]
