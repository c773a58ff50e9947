"""What a fuzzed parser is, and a server's words as such an input."""

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


def heard(dialogue: Dialogue, data: bytes, policy: Policy) -> Hello:
    """Return what *dialogue* makes of *data*, all that a server says, in clear and inside TLS."""
    lines, wish = LineBuffer(policy), dialogue.send(None)
    lines.feed(data)
    try:
        while True:
            if isinstance(wish, ReadLine):
                line = lines.take()
                closed = NetworkError(FailureKind.CLOSED, "over")
                wish = dialogue.throw(closed) if line is None else dialogue.send(line)
            else:
                lines.next_reply()
                wish = dialogue.send(FACTS if isinstance(wish, StartTLS) else None)
    except StopIteration as end:
        return _clean(end.value)


def _clean(hello: Hello) -> Hello:
    """Return *hello* if all that it shows can be shown."""
    shown = (hello.greeting, hello.software, *hello.capabilities, *hello.mechanisms, *map(str, hello.notes))
    assert all(each.isprintable() for each in shown), shown
    return hello
