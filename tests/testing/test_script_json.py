"""Scripted servers from lists of steps: every step of the language."""

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Protocol
from mailsettings.testing import from_steps, run_virtual
from mailsettings.testing.script_json import ScriptStep
from tests.support.fake_network_client import HOST, dial, dial_tls, talk, world

pytestmark = pytest.mark.anyio


async def test_a_dialogue_of_steps() -> None:
    """Send, receive, answer with the tag that was received, close."""
    steps = [
        ["send", "* OK ready\r\n"],
        ["recv", "STARTTLS"],
        ["send", "{tag} OK go\r\n"],
        ["close"],
    ]
    stream = await dial(world(from_steps(143, Protocol.IMAP, steps)), 143)

    heard = [*await talk(stream, b"x9 starttls\r\n"), await stream.receive()]

    assert heard == [b"* OK ready\r\n", b"x9 OK go\r\n", b""]


@pytest.mark.parametrize(
    ("protocol", "command", "refusal"),
    [
        (Protocol.IMAP, b"a1 CAPABILITY\r\n", b"a1 BAD not here\r\n"),
        (Protocol.POP3, b"CAPA\r\n", b"-ERR not here\r\n"),
        (Protocol.SMTP, b"EHLO me\r\n", b"502 5.5.1 not here\r\n"),
    ],
)
async def test_other_commands_are_refused_until_the_right_one(
    protocol: Protocol, command: bytes, refusal: bytes
) -> None:
    """A client may send commands that the script does not expect."""
    steps: list[ScriptStep] = [["send", "hello\r\n"], ["recv", "STARTTLS"], ["send", "go\r\n"]]
    stream = await dial(world(from_steps(143, protocol, steps)), 143)

    assert (await talk(stream, command, b"a2 STARTTLS\r\n"))[1:] == [refusal, b"go\r\n"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("good", None),
        ("expired", FailureKind.CERTIFICATE_EXPIRED),
        ("future", FailureKind.CERTIFICATE_NOT_YET_VALID),
        ("selfsigned", FailureKind.CERTIFICATE_SELF_SIGNED),
        ("unknown", FailureKind.CERTIFICATE_UNKNOWN_CA),
        ("eku", FailureKind.CERTIFICATE_OTHER),
    ],
)
async def test_certificates_have_names(name: str, kind: FailureKind | None) -> None:
    """One for each fault."""
    stream = await dial(world(from_steps(993, Protocol.IMAP, [["tls", name]])), 993)
    seen = None
    try:
        await stream.start_tls(HOST, ())
    except NetworkError as error:
        seen = error.kind

    assert seen == kind


async def test_repeated_texts_are_said_as_often_as_asked() -> None:
    """To the last one, however many fit into a segment."""
    steps: list[ScriptStep] = [["repeat", "220-hello\r\n", 5000], ["close"]]
    stream, heard = await dial(world(from_steps(25, Protocol.SMTP, steps)), 25), b""
    while data := await stream.receive():
        heard += data

    assert heard == b"220-hello\r\n" * 5000


def test_drips_and_sleeps_take_their_time() -> None:
    """Three letters, a second after each, and four seconds more before the end."""

    async def read() -> bytes:
        heard = b""
        steps: list[ScriptStep] = [["tls", "good"], ["drip", 1, 3], ["sleep", 4], ["close"]]
        stream = await dial_tls(world(from_steps(465, Protocol.SMTP, steps)), 465)
        while data := await stream.receive():
            heard += data
        return heard

    assert run_virtual(read) == (b"xxx", 7.0)


async def test_behind_the_last_step_everything_is_refused() -> None:
    """Who wants the server to hang up, says so."""
    stream = await dial(world(from_steps(143, Protocol.IMAP, [["send", "* OK x\r\n"]])), 143)

    assert (await talk(stream, b"a1 NOOP\r\n", b"a2 NOOP\r\n"))[1:] == [b"a1 BAD not here\r\n", b"a2 BAD not here\r\n"]


async def test_a_reset_is_a_step() -> None:
    """The end that is no close."""
    stream = await dial(world(from_steps(143, Protocol.IMAP, [["reset"]])), 143)

    with pytest.raises(NetworkError):
        await stream.receive()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("Verfügung", b"Verf\xfcgung", id="latin-1 as in the recorded transcripts"),
        pytest.param("\u202egnp", b"\xe2\x80\xaegnp", id="anything beyond as UTF-8"),
    ],
)
async def test_texts_stand_for_bytes(text: str, data: bytes) -> None:
    """JSON has no bytes."""
    stream = await dial(world(from_steps(143, Protocol.IMAP, [["send", text]])), 143)

    assert await stream.receive() == data


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(["shout", "x"], id="unknown word"),
        pytest.param(["tls", "golden"], id="unknown certificate"),
        pytest.param(["sleep", "long"], id="text for a number"),
        pytest.param(["repeat", "x"], id="too few arguments"),
        pytest.param(["repeat", "", 3], id="nothing to repeat"),
    ],
)
def test_what_is_not_the_language_is_refused(step: list[str]) -> None:
    """When the server is made, not when it is met."""
    with pytest.raises(ValueError, match="is not one of the language"):
        from_steps(143, Protocol.IMAP, [step])
