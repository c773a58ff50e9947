"""What servers are good for, as people choose by it."""

import pytest

from mailsettings.diagnosis.catalogue import FINDINGS_BY_CODE, finding
from mailsettings.login.result import LoginResult
from mailsettings.login.suitability import Fitness, connection_limit, fitness_of, pop3_fetcher_suitability
from mailsettings.login.verify import Verification
from mailsettings.model import (
    Choice,
    Detection,
    Endpoint,
    Hello,
    Hint,
    Probe,
    Protocol,
    Provider,
    Security,
    TLSFacts,
    Trust,
)

ADA = "ada@world.example"
IMAP = Endpoint(Protocol.IMAP, "mail.world.example", 993, Security.TLS)
POP3 = Endpoint(Protocol.POP3, "mail.world.example", 995, Security.TLS)
SMTP = Endpoint(Protocol.SMTP, "mail.world.example", 587, Security.STARTTLS)
EVERYTHING = (
    "IDLE", "UIDPLUS", "QRESYNC", "SPECIAL-USE", "MOVE", "ID", "LITERAL+", "COMPRESS=DEFLATE", "UTF8=ACCEPT", "QUOTA",
)  # fmt: skip


def found(endpoint: Endpoint, *capabilities: str, mechanisms: tuple[str, ...] = ("PLAIN",)) -> Detection:
    """Return a detection whose one server lists *capabilities*."""
    hello = Hello("hi", capabilities=capabilities, mechanisms=mechanisms, tls=TLSFacts("TLSv1.3"))
    probe = Probe(endpoint, hello=hello, tls=hello.tls)
    choice = Choice(endpoint, ADA, "", (ADA,), (), True, Trust.OWN, (), (), probe)
    incoming = endpoint.protocol is not Protocol.SMTP
    return Detection(ADA, incoming=(choice,) * incoming, outgoing=(choice,) * (not incoming))


def fit(detection: Detection, result: LoginResult | None = None, **more: object) -> Fitness:
    verification = Verification(ADA, result) if result else None
    return fitness_of(detection, verification, fetcher=False, **more)[0]  # type: ignore[arg-type]  # plaintext, or nothing


def test_everything_an_imap_program_wishes_for() -> None:
    """
    All of the list; QRESYNC has CONDSTORE in it (RFC 7162 §3.2.1).
    """
    assert fit(found(IMAP, "IMAP4REV1", *EVERYTHING)).lacks == ()


def test_the_newer_protocol_has_much_built_in() -> None:
    """
    IMAP4rev2 (RFC 9051 appendix E) need not list what is part of it.
    """
    lacks = fit(found(IMAP, "IMAP4REV2")).lacks

    assert lacks == ("CONDSTORE", "QRESYNC", "ID", "COMPRESS=DEFLATE", "UTF8=ACCEPT", "QUOTA")


def test_what_is_listed_after_the_login_counts() -> None:
    """
    Many servers keep the better half for those who have logged in.
    """
    result = LoginResult(IMAP, accepted=True, verified=True, capabilities=("IMAP4REV1", "MOVE"))

    assert fit(found(IMAP, "IMAP4REV1"), result).has == ("MOVE",)


def test_smtp_shows_the_size_and_the_logins_before_and_after_tls() -> None:
    """
    SIZE with its figure; before TLS as the server says it then.
    """
    before = Probe(Endpoint(Protocol.SMTP, SMTP.host, 587, Security.PLAIN), hello=Hello("hi", mechanisms=("LOGIN",)))
    detection = found(SMTP, "SIZE 35882577", "8BITMIME", mechanisms=("PLAIN", "XOAUTH2"))

    verdict = fit(detection, plaintext=(before,)).verdict

    assert verdict == (
        "has SIZE 35882577, 8BITMIME; does not list SMTPUTF8, DSN, CHUNKING, PIPELINING; "
        "AUTH inside TLS: PLAIN XOAUTH2; before TLS: LOGIN"
    )


def test_how_full_it_is_and_how_many_may_come() -> None:
    """
    The server's figures after a login, and the provider's own word.
    """
    detection = found(IMAP, "IMAP4REV1")
    hint = Hint("connection_limit", "At most 15 connections at the same time.")
    provider = Provider("x", "X", hints=(hint,))
    full = LoginResult(IMAP, accepted=True, verified=True, quota="500 of 1000 MB")

    verdict = fit(Detection(ADA, provider, detection.incoming), full).verdict

    assert verdict.endswith("; used: 500 of 1000 MB; At most 15 connections at the same time")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("NO [UNAVAILABLE] Too many (mail_max_userip_connections=10)", 10),
        ("* BYE at most 4 connections for one address", 4),
        ("* BYE 20 simultaneous connections are allowed", 20),
        ("* BYE Too many connections", None),
        ("* BYE come back in 10 minutes", None),
    ],
)
def test_the_limit_of_connections_is_read_where_it_is_said(text: str, limit: int | None) -> None:
    """
    A number of connections, and no other number.
    """
    assert connection_limit(text) == limit


def fetched(*codes: str) -> Fitness:
    result = LoginResult(POP3, accepted=True, verified=True, findings=tuple(finding(code, "seen") for code in codes))
    return pop3_fetcher_suitability(found(POP3, "UIDL"), Verification(ADA, result))


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("bad-reply", "no"),
        ("empty-line", "no"),
        ("list-invalid", "no"),
        ("dots-not-escaped", "no"),
        ("ids-not-unique", "no"),
        ("mailbox-very-large", "no"),
        ("message-very-large", "no"),
        ("reply-too-large", "no"),
        ("leave-on-server-impossible", "yes, but mail cannot be left on the server"),
        ("ids-not-announced", "yes, but mail cannot be left on the server"),
        ("mail-expires", "yes"),
        ("login-delay", "yes"),
    ],
)
def test_each_need_of_a_service_that_polls_decides(code: str, verdict: str) -> None:
    """
    Gmail's list for its Mail Fetcher: what stops it, what it can live with, and which need that is.
    """
    answer = fetched(code)

    assert answer.verdict.partition(":")[0] == verdict
    assert len(answer.lacks) == 1
    assert FINDINGS_BY_CODE[code].text.partition("{}")[0] in answer.verdict or not verdict.startswith("no")


def test_a_mailbox_without_fault_is_fit() -> None:
    """
    Every need is met, and named.
    """
    answer = fetched()

    assert (answer.verdict, answer.lacks, len(answer.has)) == ("yes", (), 11)


@pytest.mark.parametrize(
    ("capabilities", "lacks"),
    [
        (("UIDL", "EXPIRE NEVER"), ()),
        (("TOP",), ("leaving mail on the server",)),
        (("UIDL", "EXPIRE 0"), ("leaving mail on the server",)),
        (("UIDL", "EXPIRE 30 USER", "LOGIN-DELAY 300"), ("mail that stays", "logins at any time")),
    ],
)
def test_what_a_server_announces_is_known_before_any_login(
    capabilities: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    """
    CAPA says whether mail can be left, whether it stays, and how often one may come.
    """
    answer = pop3_fetcher_suitability(found(POP3, *capabilities), None)

    assert answer.lacks == lacks
    assert answer.verdict.startswith("perhaps")


def test_that_one_service_no_longer_fetches_is_always_said() -> None:
    """
    Gmail's: the question may have been about it.
    """
    answers = (fetched(), pop3_fetcher_suitability(Detection(ADA), None))

    assert all("Gmail no longer" in answer.remark and "forwarded" in answer.remark for answer in answers)


def test_without_pop3_nothing_can_be_fetched() -> None:
    """
    The Mail Fetcher's first question.
    """
    answer = pop3_fetcher_suitability(Detection(ADA), None)

    assert (answer.verdict, answer.findings[0].code) == ("no: there is no POP3 server", "no-pop3")


def test_nothing_is_said_of_servers_that_were_not_seen() -> None:
    """
    Fitness is about what a server lists.
    """
    assert fitness_of(Detection(ADA), None, fetcher=False) == ()
