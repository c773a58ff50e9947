"""Failures in words."""

import pytest

from mailsettings.cli.messages import USUAL_ADVICE, WORDS, advice, explained, place, reason
from mailsettings.errors import Kind
from mailsettings.schema import Object


def failure(kind: Kind, where: str = "imap.example.org A", seen: str = "") -> Object:
    """Return a failure as JSON has it."""
    return {"kind": kind.value, "where": where, "seen": seen, "detail": None}


def test_every_kind_has_words() -> None:
    """
    No failure is shown as an identifier.
    """
    assert set(Kind) == set(WORDS)


@pytest.mark.parametrize(
    ("kind", "where", "shown"),
    [
        (Kind.NO_SUCH_NAME, "imap.example.org A", "imap.example.org"),
        (Kind.NO_SUCH_NAME, "imap.example.org A/AAAA", "imap.example.org"),
        (Kind.NO_SUCH_NAME, "imap://imap.example.org:993 (tls)", "imap.example.org"),
        (Kind.NO_SUCH_NAME, "_imaps._tcp.example.org SRV", "_imaps._tcp.example.org"),
        (Kind.NO_SUCH_NAME, "example.org MX", "example.org MX"),
        (Kind.NO_SUCH_NAME, "https://autoconfig.example.org/mail/config-v1.1.xml", "autoconfig.example.org"),
        (Kind.REFUSED, "imap://imap.example.org:993 (tls)", "imap.example.org:993 (tls)"),
        (Kind.HTTP_STATUS, "https://example.org/mail.xml", "https://example.org/mail.xml"),
        (Kind.NO_SUCH_NAME, "https://example.org/discover.xml (POST)", "example.org"),
        (Kind.HTTP_STATUS, "https://example.org/discover.xml (POST)", "https://example.org/discover.xml (POST)"),
        (Kind.DNS_FAILED, "_ua-auto-config.example.org TXT", "_ua-auto-config.example.org"),
        (Kind.DNS_FAILED, "(a random label).example.org A", "(a random label).example.org"),
        (Kind.DNS_FAILED, "certificate of mail.example.org:993", "certificate of mail.example.org:993"),
        (Kind.INTERNAL, "", ""),
        (Kind.REFUSED, "\x1b[2J", "\\x1b[2J"),
    ],
)
def test_a_place_is_named_as_people_do(kind: Kind, where: str, shown: str) -> None:
    """
    Hosts, ports and URLs are shown; record types of addresses and schemes of mail are not.
    """
    assert shown == place(failure(kind, where))


def test_failures_of_one_kind_share_a_line() -> None:
    """
    A and AAAA of one name are one failure for people, and many names are counted.
    """
    names = [failure(Kind.NO_SUCH_NAME, f"{name}.example.org {type_}") for name in "abc" for type_ in ("A", "AAAA")]

    assert list(explained(names, at_most=2)) == ["a.example.org, b.example.org and 1 more: no such name"]


def test_a_missing_network_is_not_listed_place_by_place() -> None:
    """
    Where everything fails for one reason, the reason is enough.
    """
    failures = [failure(Kind.NO_NETWORK, f"{name}.example.org MX") for name in "abc"]

    assert list(explained(failures)) == ["no network, or none that reaches the Internet"]


def test_missing_documents_are_told_last() -> None:
    """
    Servers that do not answer matter more than documents that hardly anybody publishes.
    """
    lines = list(
        explained([failure(Kind.HTTP_STATUS, "https://a.example"), failure(Kind.REFUSED, "imap://a.example:993 (tls)")])
    )

    assert lines == ["a.example:993 (tls): nothing listens there", "https://a.example: no document there"]


def test_a_reason_quotes_what_was_seen() -> None:
    """
    The remote words stand behind ours, escaped.
    """
    assert reason(failure(Kind.GREETING_REFUSED, seen="554 \x1b go")) == "the server turned us away (554 \\x1b go)"


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([Kind.HTTP_STATUS, Kind.NO_NETWORK], "Check the connection of this machine"),
        ([Kind.NO_MAIL], "it says that it takes no mail"),
        ([Kind.CONNECT_TIMEOUT, Kind.CERTIFICATE_EXPIRED], "tell whoever runs the server"),
        ([Kind.CONNECT_TIMEOUT], "A firewall may block mail"),
        ([Kind.HTTP_STATUS], USUAL_ADVICE),
    ],
)
def test_advice_follows_the_most_telling_failure(kinds: list[Kind], words: str) -> None:
    """
    One sentence says what to do.
    """
    assert words in advice([failure(kind) for kind in kinds])
