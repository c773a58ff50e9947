"""LineBuffer cut from a byte stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.policy import Limits, Policy
from mailsettings.protocols.line_buffer import LineBuffer

SMALL = Policy(limits=Limits(max_line=10, max_lines=3, max_reply=20, max_connection=40))


def fed(*pieces: bytes, policy: Policy = SMALL) -> LineBuffer:
    """Return lines that *pieces* were fed to."""
    lines = LineBuffer(policy)
    for piece in pieces:
        lines.feed(piece)
    return lines


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"ab\r\n", b"ab", id="CR LF"),
        pytest.param(b"ab\n", b"ab", id="LF alone"),
        pytest.param(b"ab\r\r\n", b"ab", id="CR CR LF"),
        pytest.param(b"a\rb\r\n", b"a\rb", id="CR inside"),
        pytest.param(b"\r\n", b"", id="empty"),
        pytest.param(b"ab\r", None, id="CR alone ends nothing"),
        pytest.param(b"1234567890\n", b"1234567890", id="as long as allowed"),
    ],
)
def test_line_ends(data: bytes, line: bytes | None) -> None:
    """
    A line ends with LF, and its CRs before that are not part of it.
    """
    assert line == fed(data).take()


@pytest.mark.parametrize(("data", "bare"), [(b"a\r\n", False), (b"a\n", True), (b"a\nb\r\n", True)])
def test_bare_lf_is_remembered(data: bytes, bare: bool) -> None:
    """
    One line without CR is enough to tell a careless server.
    """
    lines = fed(data)
    while lines.take() is not None:
        pass

    assert bare == lines.bare_lf


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"12345678901", id="line without end"),
        pytest.param(b"12345678901\n", id="line with end"),
        pytest.param(b"a\n" * 4, id="lines of a reply"),
        pytest.param(b"123456789\n" * 2 + b"a\n", id="bytes of a reply"),
        pytest.param(b"a" * 41, id="bytes of a connection"),
    ],
)
def test_limits(data: bytes) -> None:
    """
    Whoever says more than the policy reads is cut off.
    """

    def read_all() -> None:
        lines = fed(data)
        while lines.take() is not None:
            pass

    with pytest.raises(NetworkError) as caught:
        read_all()
    assert caught.value.kind == FailureKind.LIMIT


def test_a_new_reply_counts_anew() -> None:
    """
    The limits of a reply begin again with the next one; that of the connection does not.
    """
    lines = fed(b"a\n" * 6)
    taken = [lines.take() for _ in range(3)]
    lines.next_reply()
    taken += [lines.take() for _ in range(3)]

    assert taken == [b"a"] * 6


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", b"\r", b"\n"]), max_size=8).map(b"".join)))
def test_segments_do_not_matter(pieces: list[bytes]) -> None:
    """
    The same bytes give the same lines, however they are cut up.
    """
    policy = Policy()
    whole, apart = fed(b"".join(pieces), policy=policy), fed(policy=policy)
    expected, actual = list(iter(whole.take, None)), []
    for piece in pieces:
        apart.feed(piece)
        actual += list(iter(apart.take, None))

    assert expected == actual
