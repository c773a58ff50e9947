"""Whatever is in user name and password, it stays inside the command that carries it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.login.credentials import Credentials
from mailsettings.login.session import LoginRequest
from mailsettings.login.verify import login_dialogue
from mailsettings.model import Endpoint, Protocol, TLSFacts
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import ReadLine, Send, StartTLS, command_line
from tests.support.login_player import IMAPS, POP3S, SMTPS

# Everything that Credentials takes, with what has a meaning somewhere more often than by chance.
TEXT = st.text(
    st.one_of(
        st.sampled_from("\"\\{}()*%+= \t\x01\x7f,'\u2028\u0085äßд\u00ad"),
        st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=40,
)
BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
POLICY = Policy(ehlo_name="me.invalid").for_mailboxes()


def sent(endpoint: Endpoint, username: str, secret: str, *replies: str, offered: str) -> list[bytes]:
    """Return the lines, as the network gets them, of a login that is answered by *replies* and then left alone."""
    login_request = LoginRequest(endpoint, username, Credentials.password(secret), sender="ada@example.org")
    talk = login_dialogue(login_request, policy=POLICY, tag="A")
    answers = _answers(endpoint, offered, replies)
    lines: list[bytes] = []
    wish = next(talk)
    try:
        while True:
            if isinstance(wish, Send):
                lines.append(command_line(wish.line))
                wish = next(talk)
            elif isinstance(wish, StartTLS):
                wish = talk.send(TLSFacts("TLSv1.3"))
            elif isinstance(wish, ReadLine):
                answer = next(answers, None)
                wish = talk.send(answer) if answer is not None else talk.throw(NetworkError(FailureKind.CLOSED, "end"))
            else:
                wish = next(talk)
    except (StopIteration, NetworkError):
        return lines[1:]  # the first one asks for the capabilities


def _answers(endpoint: Endpoint, offered: str, replies: tuple[str, ...]) -> Iterator[bytes]:
    start = {
        Protocol.IMAP: ["* OK hi", f"* CAPABILITY IMAP4rev1 {offered}", "A1 OK"],
        Protocol.POP3: ["+OK hi", "+OK", *offered.split("|"), "."],
        Protocol.SMTP: ["220 hi", "250-hi", f"250 {offered}"],
    }[endpoint.protocol]
    return iter([line.encode() for line in (*start, *replies)])


@given(username=TEXT, secret=TEXT)
def test_imap_login_counts_octets_of_what_follows(username: str, secret: str) -> None:
    """
    A server that reads literals by their length gets exactly the name and the password, and nothing behind them.
    """
    lines = sent(IMAPS, username, secret, "+ go", "+ go", "A21 NO no", offered="ID")

    stream = b"".join(lines[:3])
    first, rest = _literal(stream.removeprefix(b"A21 LOGIN "))
    blank, second, end = rest[:1], *_literal(rest[1:])
    assert (first, blank, second, end) == (username.encode(), b" ", secret.encode(), b"\r\n")


def _literal(stream: bytes) -> tuple[bytes, bytes]:
    """Read one literal (RFC 9051 §4.3); return it and what is behind it."""
    found = re.match(rb"\{([0-9]+)\}\r\n", stream)
    assert found is not None
    end = found.end() + int(found[1])
    return stream[found.end() : end], stream[end:]


@given(username=TEXT, secret=TEXT)
def test_pop3_commands_stay_one_line_each(username: str, secret: str) -> None:
    """
    USER and PASS take the rest of their line as it is, so nothing but a line end could break out.
    """
    lines = sent(POP3S, username, secret, "+OK", "-ERR no", offered="USER")

    assert lines[:2] == [b"USER %b\r\n" % username.encode(), b"PASS %b\r\n" % secret.encode()]
    assert [line.count(b"\r") + line.count(b"\n") + line.count(b"\0") for line in lines[:2]] == [2, 2]


@given(username=TEXT, secret=TEXT)
@pytest.mark.parametrize(
    ("endpoint", "offered", "start"),
    [
        (IMAPS, "SASL-IR AUTH=PLAIN", b"A21 AUTHENTICATE PLAIN "),
        (POP3S, "SASL PLAIN", b"AUTH PLAIN "),
        (SMTPS, "AUTH PLAIN", b"AUTH PLAIN "),
    ],
    ids=["imap", "pop3", "smtp"],
)
def test_sasl_is_base64_with_two_nuls(
    endpoint: Endpoint, offered: str, start: bytes, username: str, secret: str
) -> None:
    """
    PLAIN: three fields, of which the server gets back what was typed; on the wire there is only base64.
    """
    lines = sent(endpoint, username, secret, "+ " if endpoint is not SMTPS else "334 ", offered=offered)

    response = lines[0].removeprefix(start).rstrip(b"\r\n")
    if lines[0] == start.rstrip() + b"\r\n":
        response = lines[1].rstrip(b"\r\n")  # too long for the command's own line
    assert BASE64.fullmatch(response)
    assert base64.b64decode(response).split(b"\0") == [b"", username.encode(), secret.encode()]


@given(secret=TEXT, place=st.integers(0, 40), bad=st.sampled_from("\r\n\0\ud800\udcff"))
def test_what_could_end_a_command_is_refused_before(secret: str, place: int, bad: str) -> None:
    """
    Line ends, NUL, and what is no UTF-8: a ValueError whose words are the same for every secret.
    """
    with pytest.raises(ValueError, match="user names, passwords and tokens") as caught:
        Credentials.password(secret[:place] + bad + secret[place:])

    words = "cannot have line ends or NUL" if bad in "\r\n\0" else "have to be UTF-8"
    assert str(caught.value) == f"user names, passwords and tokens {words}"
