"""HTTP's CONNECT, byte by byte, cut off anywhere, and with answers of any kind."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.protocols.dialogue import CommandGenerator
from mailsettings.protocols.proxy import http_connect
from tests.support.proxy_player import bytewise, kind, play

V4, V6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")
DONE = b"HTTP/1.1 200 Connection established\r\n\r\n"


def asking(
    ip: IPv4Address | IPv6Address = V4, *, user: str = "", password: str = "", max_header: int = 500
) -> CommandGenerator[bytes]:
    return http_connect(ip, 993, user=user, password=password, max_header=max_header)


@pytest.mark.parametrize(("ip", "place"), [(V4, b"192.0.2.1:993"), (V6, b"[2001:db8::1]:993")], ids=["IPv4", "IPv6"])
def test_the_address_that_was_checked_is_asked_for(ip: IPv4Address, place: bytes) -> None:
    """
    Never a name; nothing is told that need not be.
    """
    assert play(asking(ip), [DONE]).sent == (b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (place, place),)


def test_a_login_goes_along() -> None:
    """
    By Basic, in UTF-8 (RFC 7617 §2.1).
    """
    (sent,) = play(asking(user="ada", password="gehéim:"), [DONE]).sent

    assert b"\r\nProxy-Authorization: Basic YWRhOmdlaMOpaW06\r\n" in sent


@pytest.mark.parametrize(
    "done",
    [
        DONE,
        b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + DONE,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["1.1", "1.0", "interim answer", "length", "chunked"],
)
@pytest.mark.parametrize("banner", [b"", b"220 ready\r\n"], ids=["silent", "speaks first"])
def test_what_follows_the_answer_is_the_servers(done: bytes, banner: bytes) -> None:
    """
    In whatever pieces, and whatever length the answer claims to have (RFC 9110 §9.3.6).
    """
    whole = play(asking(), [done + banner])
    single = play(asking(), bytewise(done + banner))

    assert (whole.result, single.result + single.unread) == (banner, banner)


def test_an_answer_cut_off_anywhere_opens_nothing() -> None:
    """
    The end of the stream inside an answer is the end.
    """
    assert {kind(asking(), *bytewise(DONE[:end])) for end in range(len(DONE))} == {FailureKind.CLOSED}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, FailureKind.PROXY),
        (400, FailureKind.DENIED),
        (403, FailureKind.DENIED),
        (405, FailureKind.DENIED),
        (407, FailureKind.PROXY),
        (500, FailureKind.UNREACHABLE),
        (502, FailureKind.UNREACHABLE),
        (503, FailureKind.UNREACHABLE),
        (504, FailureKind.CONNECT_TIMEOUT),
    ],
)
def test_each_refusal_has_its_kind(status: int, expected: FailureKind) -> None:
    """
    Its body is not waited for.
    """
    answer = b"HTTP/1.1 %d Because\r\nContent-Length: 100000\r\n\r\n<html>" % status

    assert kind(asking(), answer) is expected


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail ready\r\n\r\n",
        b"\x05\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
    ids=["ssh", "mail", "socks", "broken header"],
)
def test_an_answer_that_is_no_http_is_the_proxys_fault(answer: bytes) -> None:
    """
    Also a greeting that comes before the answer: it is not the server's.
    """
    assert kind(asking(), answer) is FailureKind.PROXY


@pytest.mark.parametrize(
    "piece",
    [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100, b"HTTP/1.1 100 Continue\r\n\r\n"],
    ids=["endless header", "endless interim answers"],
)
def test_no_more_is_read_than_headers_may_have(piece: bytes) -> None:
    """
    The limit is that of documents' headers, whatever they are cut into.
    """
    assert kind(asking(max_header=300), *[piece] * 50) is FailureKind.PROXY


def test_the_words_of_a_refusal_are_safe_to_print() -> None:
    """
    A proxy's reason phrase is a stranger's text like any other.
    """
    with pytest.raises(NetworkError) as caught:
        play(asking(), [b"HTTP/1.1 403 \xe2\x80\xaeno\r\n\r\n"])

    assert caught.value.seen == r"it answered: 403 \u202eno"


@given(st.binary(max_size=600), st.integers(1, 40))
def test_any_answer_is_an_answer_or_a_typed_failure(data: bytes, size: int) -> None:
    """
    Nothing else can come of it, with a good beginning or without one.
    """
    for start in (b"", b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\n", DONE):
        whole = start + data
        pieces = [whole[i : i + size] for i in range(0, len(whole), size)]
        try:
            played = play(asking(), pieces)
        except NetworkError:
            continue
        else:
            assert whole.endswith(played.result + played.unread)
