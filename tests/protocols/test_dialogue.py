"""Commands of a dialogue, and which protocols have one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Endpoint, Protocol, Security
from mailsettings.policy import Policy
from mailsettings.protocols import dialogue_for
from mailsettings.protocols.dialogue import command_line


@given(st.binary(max_size=100))
def test_one_command_is_one_line(text: bytes) -> None:
    """
    Whatever has no line end and no NUL inside leaves with exactly one line end behind it.
    """
    line = text.translate(None, b"\r\n\0")

    assert command_line(line) == line + b"\r\n"


@given(st.binary(max_size=20), st.sampled_from([b"\r", b"\n", b"\0"]), st.binary(max_size=20))
def test_two_commands_in_one_do_not_leave(before: bytes, end: bytes, after: bytes) -> None:
    """
    A line end or NUL anywhere inside keeps the whole line here.
    """
    with pytest.raises(NetworkError) as caught:
        command_line(before + end + after)
    assert caught.value.kind == FailureKind.INTERNAL


def test_no_dialogue_for_jmap() -> None:
    """
    JMAP is not spoken in lines.
    """
    endpoint = Endpoint(Protocol.JMAP, "jmap.example.org", 443, Security.TLS)

    with pytest.raises(ValueError, match="jmap"):
        dialogue_for(endpoint, policy=Policy(), tag="A")
