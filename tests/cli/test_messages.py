"""Failures in words."""

import pytest

from mailsettings.cli.messages import KIND_TEXTS, USUAL_ADVICE, advice, failure_lines, place_text, reason_text
from mailsettings.errors import FailureKind
from mailsettings.schema import Object


def failure(kind: FailureKind, where: str = "imap.example.org A", seen: str = "") -> Object:
    """Return a failure as JSON has it."""
    return {"kind": kind.value, "where": where, "seen": seen, "detail": None}


def test_every_kind_has_words() -> None:
    """
    No failure is shown as an identifier.
    """
    assert set(FailureKind) == set(KIND_TEXTS)


@pytest.mark.parametrize(
    ("kind", "where", "shown"),
    [
        (FailureKind.NO_SUCH_NAME, "imap.example.org A", "imap.example.org"),
        (FailureKind.NO_SUCH_NAME, "imap.example.org A/AAAA", "imap.example.org"),
        (FailureKind.NO_SUCH_NAME, "imap://imap.example.org:993 (tls)", "imap.example.org"),
        (FailureKind.NO_SUCH_NAME, "_imaps._tcp.example.org SRV", "_imaps._tcp.example.org"),
        (FailureKind.NO_SUCH_NAME, "example.org MX", "example.org MX"),
        (FailureKind.NO_SUCH_NAME, "https://autoconfig.example.org/mail/config-v1.1.xml", "autoconfig.example.org"),
        (FailureKind.REFUSED, "imap://imap.example.org:993 (tls)", "imap.example.org:993 (tls)"),
        (FailureKind.HTTP_STATUS, "https://example.org/mail.xml", "https://example.org/mail.xml"),
        (FailureKind.NO_SUCH_NAME, "https://example.org/discover.xml (POST)", "example.org"),
        (FailureKind.HTTP_STATUS, "https://example.org/discover.xml (POST)", "https://example.org/discover.xml (POST)"),
        (FailureKind.DNS_FAILED, "_ua-auto-config.example.org TXT", "_ua-auto-config.example.org"),
        (FailureKind.DNS_FAILED, "(a random label).example.org A", "(a random label).example.org"),
        (FailureKind.DNS_FAILED, "certificate of mail.example.org:993", "certificate of mail.example.org:993"),
        (FailureKind.INTERNAL, "", ""),
        (FailureKind.REFUSED, "\x1b[2J", "\\x1b[2J"),
    ],
)
def test_a_place_is_named_as_people_do(kind: FailureKind, where: str, shown: str) -> None:
    """
    Hosts, ports and URLs are shown; record types of addresses and schemes of mail are not.
    """
    assert shown == place_text(failure(kind, where))


def test_failures_of_one_kind_share_a_line() -> None:
    """
    A and AAAA of one name are one failure for people, and many names are counted.
    """
    names = [
        failure(FailureKind.NO_SUCH_NAME, f"{name}.example.org {type_}") for name in "abc" for type_ in ("A", "AAAA")
    ]

    assert list(failure_lines(names, at_most=2)) == ["a.example.org, b.example.org and 1 more: no such name"]


def test_a_missing_network_is_not_listed_place_by_place() -> None:
    """
    Where everything fails for one reason, the reason is enough.
    """
    failures = [failure(FailureKind.NO_NETWORK, f"{name}.example.org MX") for name in "abc"]

    assert list(failure_lines(failures)) == ["no network, or none that reaches the Internet"]


def test_missing_documents_are_told_last() -> None:
    """
    Servers that do not answer matter more than documents that hardly anybody publishes.
    """
    lines = list(
        failure_lines(
            [
                failure(FailureKind.HTTP_STATUS, "https://a.example"),
                failure(FailureKind.REFUSED, "imap://a.example:993 (tls)"),
            ]
        )
    )

    assert lines == ["a.example:993 (tls): nothing listens there", "https://a.example: no document there"]


def test_a_reason_quotes_what_was_seen() -> None:
    """
    The remote words stand behind ours, escaped.
    """
    assert (
        reason_text(failure(FailureKind.GREETING_REFUSED, seen="554 \x1b go"))
        == "the server turned us away (554 \\x1b go)"
    )


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ([FailureKind.HTTP_STATUS, FailureKind.NO_NETWORK], "Check the connection of this machine"),
        ([FailureKind.NO_MAIL], "it says that it takes no mail"),
        ([FailureKind.CONNECT_TIMEOUT, FailureKind.CERTIFICATE_EXPIRED], "tell whoever runs the server"),
        ([FailureKind.CONNECT_TIMEOUT], "A firewall may block mail"),
        ([FailureKind.HTTP_STATUS], USUAL_ADVICE),
    ],
)
def test_advice_follows_the_most_telling_failure(kinds: list[FailureKind], words: str) -> None:
    """
    One sentence says what to do.
    """
    assert words in advice([failure(kind) for kind in kinds])
