"""SOCKS5, byte by byte, cut off anywhere, and with answers of any kind."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.protocols.dialogue import SendBytes
from mailsettings.protocols.proxy import socks_connect, socks_negotiate
from tests.support.proxy_player import bytewise, kind, play

V4, V6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")
DONE = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
DONE_V6 = b"\x05\x00\x00\x04" + bytes(18)
DONE_NAME = b"\x05\x00\x00\x03\x04here\x00\x00"
LOGGED_IN = b"\x05\x02\x01\x00"


@pytest.mark.parametrize(
    ("ip", "request_"),
    [(V4, b"\x05\x01\x00\x01\xc0\x00\x02\x01\x03\xe1"), (V6, b"\x05\x01\x00\x04" + V6.packed + b"\x03\xe1")],
    ids=["IPv4", "IPv6"],
)
def test_the_address_that_was_checked_is_asked_for(ip: IPv4Address | IPv6Address, request_: bytes) -> None:
    """
    As an address of its type, never as a name (RFC 1928 §5).
    """
    assert play(socks_connect(ip, 993), [DONE]).sent == (request_,)


@pytest.mark.parametrize("done", [DONE, DONE_V6, DONE_NAME], ids=["IPv4", "IPv6", "name"])
@pytest.mark.parametrize("banner", [b"", b"* OK ready\r\n"], ids=["silent", "speaks first"])
def test_what_follows_the_answer_is_the_servers(done: bytes, banner: bytes) -> None:
    """
    In whatever pieces it comes, whatever address the proxy names, nothing is lost and nothing is invented.
    """
    whole = play(socks_connect(V4, 993), [done + banner])
    single = play(socks_connect(V4, 993), bytewise(done + banner))

    assert (whole.result, single.result + single.unread) == (banner, banner)


@pytest.mark.parametrize("done", [DONE, DONE_V6, DONE_NAME], ids=["IPv4", "IPv6", "name"])
def test_an_answer_cut_off_anywhere_opens_nothing(done: bytes) -> None:
    """
    The end of the stream inside an answer is the end.
    """
    kinds = {kind(socks_connect(V4, 993), *bytewise(done[:end])) for end in range(len(done))}

    assert kinds == {FailureKind.CLOSED}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1, FailureKind.UNREACHABLE),
        (2, FailureKind.DENIED),
        (3, FailureKind.UNREACHABLE),
        (4, FailureKind.UNREACHABLE),
        (5, FailureKind.REFUSED),
        (6, FailureKind.CONNECT_TIMEOUT),
        (7, FailureKind.PROXY),
        (8, FailureKind.UNREACHABLE),
        (9, FailureKind.UNREACHABLE),
        (0xF0, FailureKind.UNREACHABLE),
    ],
)
def test_each_refusal_has_its_kind(code: int, expected: FailureKind) -> None:
    """
    The rest of a refusal is not waited for.
    """
    assert kind(socks_connect(V4, 993), bytes((5, code, 0, 1))) is expected


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x04\x5a\0\0\0\0\0\0", b"\x05\0\0\x02\0\0\0\0"],
    ids=["ssh", "http", "socks4", "address type"],
)
def test_an_answer_that_is_no_socks5_is_the_proxys_fault(answer: bytes) -> None:
    """
    It says nothing about the server.
    """
    assert kind(socks_connect(V4, 993), answer) is FailureKind.PROXY


def test_without_a_login_none_is_offered() -> None:
    """
    A proxy that wants none gets none.
    """
    assert play(socks_negotiate("", ""), bytewise(b"\x05\x00")).sent == (b"\x05\x01\x00",)


def test_a_login_is_sent_once_it_is_asked_for() -> None:
    """
    Method 2, then user and password with their lengths in bytes (RFC 1929 §2).
    """
    played = play(socks_negotiate("ada", "gehéim"), [LOGGED_IN[:2], LOGGED_IN[2:]])

    assert played.sent == (b"\x05\x01\x02", b"\x01\x03ada\x07geh\xc3\xa9im")


@pytest.mark.parametrize(
    ("user", "pieces"),
    [
        ("", [b"\x05\xff"]),
        ("", [b"\x05\x02"]),
        ("ada", [b"\x05\xff"]),
        ("ada", [b"\x05\x00"]),
        ("ada", [b"\x05\x02", b"\x01\x01"]),
        ("ada", [b"\x05\x02\x01\x00"]),
        ("", [b"\x05\x00* OK ready\r\n"]),
        ("ada", [b"\x05\x02", b"\x01\x00more"]),
        ("", [b"220 mail ready\r\n"]),
    ],
    ids=[
        "wants a login",
        "chooses what was not offered",
        "accepts no login",
        "waves the login aside",
        "refuses the login",
        "answers ahead",
        "speaks unasked",
        "speaks unasked after the login",
        "a mail server",
    ],
)
def test_what_goes_wrong_before_a_server_is_named_is_the_proxys_fault(user: str, pieces: list[bytes]) -> None:
    """
    Also where it answers before it was asked: nobody who does that can be told from somebody who injects answers.
    """
    assert kind(socks_negotiate(user, "geheim"), *pieces) is FailureKind.PROXY


@given(st.binary(max_size=600), st.integers(1, 40))
def test_any_answer_is_an_answer_or_a_typed_failure(data: bytes, size: int) -> None:
    """
    Nothing else can come of it, and what is left belongs to the server.
    """
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    for exchange in (socks_negotiate("ada", "geheim"), socks_negotiate("", ""), socks_connect(V6, 25)):
        try:
            played = play(exchange, pieces)
        except NetworkError:
            continue
        else:
            assert data.endswith((played.result or b"") + played.unread)


def test_what_is_told_is_not_printed() -> None:
    """
    It may be the password.
    """
    assert repr(SendBytes(b"geheim")) == "SendBytes()"
