"""Recorded greetings and capability replies, played to our dialogues whole, byte by byte and cut off anywhere.

One row of transcripts.jsonl becomes a server in memory. What is expected of our reading is worked out here from the raw
text by means of its own, not by the parsers under test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Endpoint, Protocol, Security, TLSFacts
from mailsettings.net.session import SessionResult, run_session
from mailsettings.net.streams import Stream
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import Policy
from mailsettings.protocols import dialogue_for

FACTS = TLSFacts("TLSv1.3", names=("mail.example.org",))
PORTS = {
    (Protocol.IMAP, Security.TLS): 993,
    (Protocol.POP3, Security.TLS): 995,
    (Protocol.SMTP, Security.TLS): 465,
    (Protocol.IMAP, Security.STARTTLS): 143,
    (Protocol.POP3, Security.STARTTLS): 110,
    (Protocol.SMTP, Security.STARTTLS): 587,
}
_GREETINGS = {"imap": b"* OK ready\r\n", "pop3": b"+OK ready\r\n", "smtp": b"220 mail.example.org ESMTP\r\n"}
# Where a row has no capability reply: the shortest one that adds nothing to the greeting.
_NOTHING = {"imap": b"", "pop3": b"+OK\r\n.\r\n", "smtp": b"250 mail.example.org\r\n"}
_TAGGED = re.compile(rb"(?m)^(?![*+])\S+ (?:OK|NO|BAD)\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded server."""

    id: str
    protocol: Protocol
    greeting: bytes
    reply: bytes  # to CAPABILITY, CAPA or EHLO; empty: not recorded
    starttls: bool
    auth: tuple[str, ...]
    weird: tuple[str, ...]
    kind: str

    @classmethod
    def read(cls, row: dict[str, Any]) -> Row:
        """Parse a row as it is in the file (latin-1: one code point per byte)."""
        return cls(
            id=row["id"],
            protocol=Protocol(row["protocol"]),
            greeting=(row["greeting"] or "").encode("latin-1") or _GREETINGS[row["protocol"]],
            reply=(row["capability_response"] or "").encode("latin-1"),
            starttls=row["starttls"],
            auth=tuple(row["auth"]),
            weird=tuple(row["weird"]),
            kind=row["kind"],
        )

    def answer(self, line: bytes) -> bytes:
        """Answer the command *line* as the recorded server did, or as any server would."""
        tag, _, verb = line.partition(b" ")
        verb = verb if self.protocol is Protocol.IMAP else tag
        if verb in (b"LOGOUT", b"QUIT"):
            return b""
        if verb in (b"STARTTLS", b"STLS"):
            return self.injected(tag) or {"imap": tag + b" OK go\r\n", "pop3": b"+OK\r\n"}.get(
                self.protocol, b"220 go\r\n"
            )
        return self._tagged(tag) if self.protocol is Protocol.IMAP else self.reply or _NOTHING[self.protocol]

    def injected(self, tag: bytes = b"") -> bytes:
        """Return the reply to STARTTLS that an attack row describes, with the plaintext injected behind it."""
        found = re.search(r"reply to \w+.*?: (.+)", " ".join(self.weird))
        return found[1].replace("\\r\\n", "\r\n").replace("<tag>", tag.decode()).encode() if found else b""

    def _tagged(self, tag: bytes) -> bytes:
        """Return the recorded reply with our tag in the place of the recorded one."""
        tagged = list(_TAGGED.finditer(self.reply))
        if tagged:
            place = tagged[-1]
            return self.reply[: place.start()] + tag + b" " + self.reply[place.start() :].partition(b" ")[2]
        return self.reply if b"* BYE" in self.reply else self.reply + tag + b" OK done\r\n"


class Replay:
    """A stream that plays a row's server; every answer is one segment."""

    def __init__(self, row: Row, *, segment: int = 1 << 16, cut: int | None = None) -> None:
        """Hand out at most *segment* bytes at once, and close after *cut* bytes."""
        self.sent: list[bytes] = []
        self.handed = 0  # bytes given to the client
        self._row = row
        self._segment = segment
        self._cut = cut
        self._waiting = row.greeting

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next segment; a server that has nothing to send closes."""
        size = min(max_bytes, self._segment)
        if self._cut is not None:
            size = min(size, self._cut - self.handed)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        self.handed += len(data)
        return data

    async def send(self, data: bytes) -> None:
        """Take a command."""
        self.sent.append(data)
        self._waiting += self._row.answer(data.removesuffix(b"\r\n"))

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Start TLS unless plaintext is buffered; implicit TLS comes before everything."""
        if self.handed and self._waiting:
            raise NetworkError(FailureKind.NOT_TLS, f"{host}: clear text instead of {alpn or 'TLS'}")
        return FACTS

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Never used."""
        raise NetworkError(FailureKind.TLS_FAILED, host)

    async def aclose(self) -> None:
        """Do nothing."""


async def secure(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
    """Stand in for net.tls.secure: every certificate is for the right name."""
    return await stream.start_tls(host, alpn)


async def play(
    row: Row, security: Security, *, segment: int = 1 << 16, cut: int | None = None
) -> tuple[SessionResult, Replay]:
    """Run our dialogue against *row*."""
    stream = Replay(row, segment=segment, cut=cut)
    port = PORTS.get((row.protocol, security), 143)
    endpoint = Endpoint(row.protocol, "mail.example.org", port, security)
    policy = Policy()
    dialogue = dialogue_for(endpoint, policy=policy, tag="ABCDEFGH")
    result = await run_session(
        stream, dialogue, endpoint=endpoint, policy=policy, on_step=lambda _: None, secure=secure
    )
    return result, stream
