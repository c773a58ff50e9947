"""The type of a fuzzing target, and a target's run of a dialogue over a server's bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Hello, TLSFacts
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Dialogue, ReadLine, StartTLS
from mailsettings.protocols.line_buffer import LineBuffer

POLICY = Policy()
FACTS = TLSFacts("TLSv1.3", ("imap.example.org",))


@dataclass(frozen=True, slots=True)
class Target:
    """One parser. *run* reads the input and may raise MailSettingsError, nothing else."""

    name: str
    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    too_long: float = 0.1  # seconds of processor time for one input


def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Let *read*, which takes text, read bytes; lone surrogates included."""
    return lambda data: read(data.decode("utf-8", "surrogateescape"))


def run_dialogue(dialogue: Dialogue, data: bytes, policy: Policy) -> Hello:
    """Return the result of *dialogue* for *data*, all that a server sends, plaintext and inside TLS."""
    lines, command = LineBuffer(policy), dialogue.send(None)
    lines.feed(data)
    try:
        while True:
            if isinstance(command, ReadLine):
                line = lines.take()
                closed = NetworkError(FailureKind.CLOSED, "over")
                command = dialogue.throw(closed) if line is None else dialogue.send(line)
            else:
                lines.next_reply()
                command = dialogue.send(FACTS if isinstance(command, StartTLS) else None)
    except StopIteration as end:
        return _clean(end.value)


def _clean(hello: Hello) -> Hello:
    """Return *hello* if all its texts are printable."""
    texts = (hello.greeting, hello.software, *hello.capabilities, *hello.mechanisms, *map(str, hello.notes))
    assert all(each.isprintable() for each in texts), texts
    return hello
