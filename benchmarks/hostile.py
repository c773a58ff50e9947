"""Hostile servers written as scripts, met in virtual time: an hour of silence costs nothing.

    ["send", text]  ["recv", word]  ["tls", how]  ["sleep", s]  ["repeat", text, n]  ["drip", bytes, s]  ["close"]

A command that is not the awaited one, and every command after the end, is answered as a friendly server would.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import trio
import trio.testing

from benchmarks.transcripts import FACTS, secure
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Endpoint, Protocol, Security, TLSFacts
from mailsettings.net.session import SessionResult, run_session
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import Policy
from mailsettings.protocols import dialogue_for

_CERTIFICATES = {
    "expired": FailureKind.CERTIFICATE_EXPIRED,
    "future": FailureKind.CERTIFICATE_NOT_YET_VALID,
    "eku": FailureKind.CERTIFICATE_OTHER,
}
_IMPLICIT = (465, 993, 995)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client must do: one of *kinds* (none: a hello), within *seconds*, *silent*: sending nothing."""

    kinds: tuple[FailureKind | None, ...] = ()
    seconds: float = 1.0
    silent: bool = False
    hidden: str = ""  # must not appear in the result
    visible: str = ""  # must


_OK = Wanted()
# Of a server without a verdict: whatever comes of it, within the deadline, and by the rules that hold for all.
_ANYTHING = Wanted((None, *FailureKind), seconds=Policy().timeouts.deadline)
_STEPS = frozenset({"send", "recv", "tls", "sleep", "repeat", "drip", "close"})
# By the buffer or by the handshake, as segments fall.
_INJECTED_PLAINTEXT = (FailureKind.NOT_TLS, FailureKind.TLS_FAILED, FailureKind.EARLY_BYTES)
WANTED = {
    "inj-imap-2": Wanted(_INJECTED_PLAINTEXT),
    "inj-imap-prefix": Wanted(hidden="+1 555"),
    "inj-smtp-1": Wanted((FailureKind.EARLY_BYTES,)),
    "preauth": Wanted((FailureKind.PREAUTH,), silent=True),
    "starttls-refused": Wanted((FailureKind.STARTTLS_REFUSED,)),
    "starttls-bad": Wanted((FailureKind.STARTTLS_REFUSED,)),
    "starttls-plus": Wanted((FailureKind.BAD_REPLY,)),
    "wrong-tag": Wanted((FailureKind.BAD_REPLY,)),
    "no-starttls-adv": Wanted((FailureKind.STARTTLS_NOT_OFFERED,)),
    "masked": Wanted((FailureKind.STARTTLS_NOT_OFFERED,), visible="XXXXXXXA"),
    "ehlo-refused": Wanted((FailureKind.STARTTLS_NOT_OFFERED,)),
    "bogus-code": Wanted((FailureKind.STARTTLS_REFUSED,)),
    "referral": Wanted((FailureKind.REPLY_TIMEOUT,), seconds=8, hidden="evil"),
    "stls-err-loop": Wanted((FailureKind.STARTTLS_REFUSED,)),
    "opossum": Wanted((FailureKind.NOT_TLS,), silent=True, hidden="splice"),
    "long-line-imap": Wanted((FailureKind.LIMIT,), silent=True),
    "silent-imap": Wanted((FailureKind.TLS_TIMEOUT,), seconds=5, silent=True),
    "long-line-pop3": Wanted((FailureKind.LIMIT,), silent=True),
    "drip-smtp": Wanted((FailureKind.GREETING_TIMEOUT,), seconds=12, silent=True),
    "many-lines-greeting": Wanted((FailureKind.LIMIT,), silent=True),
    "many-untagged": Wanted((FailureKind.LIMIT,)),
    "literal-bomb": Wanted((FailureKind.LIMIT,)),
    "nul": Wanted(visible="\\x1b", hidden="\x1b"),
    "latin1": Wanted(visible="Verf\u00fcgung"),
    "bidi": Wanted(visible="\\u202e", hidden="\u202e"),
    "lf-only": Wanted(visible="LF instead of CR LF"),
    "cr-only": Wanted((FailureKind.GREETING_TIMEOUT,), seconds=12, silent=True),
    "421": Wanted((FailureKind.GREETING_REFUSED,), silent=True, visible="too busy"),
    "554": Wanted((FailureKind.GREETING_REFUSED,), silent=True),
    "bye": Wanted((FailureKind.GREETING_REFUSED,), silent=True, visible="Too many connections"),
    "slow-greeting": Wanted(seconds=6),
    "wrong-proto-1": Wanted((FailureKind.WRONG_PROTOCOL,), silent=True, visible="IMAP"),
    "wrong-proto-3": Wanted((FailureKind.WRONG_PROTOCOL,), silent=True, visible="HTTP"),
    "ssh": Wanted((FailureKind.WRONG_PROTOCOL,), silent=True, visible="SSH"),
    "redis": Wanted((FailureKind.GREETING_TIMEOUT,), seconds=12, silent=True),
    "cert-expired": Wanted((FailureKind.CERTIFICATE_EXPIRED,), silent=True),
    "cert-future": Wanted((FailureKind.CERTIFICATE_NOT_YET_VALID,), silent=True),
    "cert-eku": Wanted((FailureKind.CERTIFICATE_OTHER,), silent=True),
    # These lie only to who logs in; a probe never does and sees an ordinary server.
    "login-ok-select-no": _OK,
    "pop-ok-stat-err": _OK,
    "sasl-ir-lie": _OK,
}


class Scripted:
    """A stream that plays a script."""

    def __init__(self, protocol: Protocol, steps: Sequence[Sequence[Any]]) -> None:
        self.sent: list[bytes] = []
        self.handed = 0  # bytes given to the client
        self._protocol = protocol
        self._steps = deque(steps)
        self._commands: deque[bytes] = deque()
        self._waiting: deque[bytes] = deque()
        self._tag = b""
        self._secure = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next segment; sleep for ever where the script waits for something that does not come."""
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if self._steps and self._steps[0][0] == "close":
                return b""
            await self._go_on()
        segment = self._waiting.popleft()
        if len(segment) > max_bytes:
            self._waiting.appendleft(segment[max_bytes:])
        self.handed += min(len(segment), max_bytes)
        return segment[:max_bytes]

    async def send(self, data: bytes) -> None:
        """Take a command."""
        self.sent.append(data)
        self._commands.append(data)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Shake hands when the script comes to it; what it says before is no TLS."""
        if self._steps and self._steps[0][0] == "sleep":
            await trio.sleep(self._steps.popleft()[1])
        if self._waiting or (self._steps and self._steps[0][0] != "tls"):
            raise NetworkError(FailureKind.NOT_TLS, f"{host}: clear text, no TLS for {alpn}")
        how = self._steps.popleft()[1] if self._steps else "good"
        if how != "good":
            raise NetworkError(_CERTIFICATES.get(how, FailureKind.CERTIFICATE_OTHER), how)
        self._secure = True
        return FACTS

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Never used."""
        raise NetworkError(FailureKind.TLS_FAILED, host)

    async def aclose(self) -> None:
        """Do nothing."""

    async def _go_on(self) -> None:
        """Carry out one step of the script, or answer a command that is not in it."""
        step, *arguments = self._steps[0] if self._steps else ("end",)
        if step in ("recv", "end"):
            await self._hear(arguments[0].encode() if arguments else None)
        elif step == "tls":
            await trio.sleep_forever()
        elif step == "drip":
            await trio.sleep(arguments[0])
            self._waiting.append(b"2" * arguments[0])
        elif step == "repeat":
            self._repeat(*arguments)
        else:
            self._steps.popleft()
            if step == "sleep":
                await trio.sleep(arguments[0])
            else:
                self._waiting.append(arguments[0].encode().replace(b"{tag}", self._tag))

    async def _hear(self, word: bytes | None) -> None:
        """Wait for *word*; None: for anything."""
        if not self._commands:
            await trio.sleep_forever()
        line = self._commands.popleft()
        self._tag = line.split(b" ")[0].strip()
        if word is not None and word in line:
            self._steps.popleft()
        elif answer := self._friendly(line):
            self._waiting.append(answer)

    def _repeat(self, text: str, times: int) -> None:
        """Hand out at most 64 KiB of a repetition at once."""
        share = min(times, max(1, 65536 // len(text)))
        self._waiting.append(text.encode() * share)
        if times > share:
            self._steps[0] = ("repeat", text, times - share)
        else:
            self._steps.popleft()

    def _friendly(self, line: bytes) -> bytes:
        """Answer as a well-behaved server."""
        clear = not self._secure
        match self._protocol, line.split()[-1]:
            case Protocol.IMAP, b"CAPABILITY":
                more = b"STARTTLS LOGINDISABLED" if clear else b"AUTH=PLAIN"
                return b"* CAPABILITY IMAP4rev1 %s\r\n%s OK\r\n" % (more, self._tag)
            case Protocol.IMAP, _:
                return self._tag + b" OK\r\n"
            case Protocol.POP3, b"CAPA":
                return b"+OK\r\nUIDL\r\n%s\r\n.\r\n" % (b"STLS" if clear else b"USER")
            case Protocol.POP3, _:
                return b"+OK\r\n"
            case _, b"STARTTLS":
                return b"220 go\r\n"
        return b"250-x\r\n250 %s\r\n" % (b"STARTTLS" if clear else b"AUTH PLAIN")


async def meet(row: dict[str, Any]) -> tuple[SessionResult, Scripted, float]:
    """Run our probe against one script; return what came of it and the seconds it took."""
    protocol = Protocol(row["protocol"])
    security = Security.TLS if row["port"] in _IMPLICIT else Security.STARTTLS
    endpoint = Endpoint(protocol, "mail.example.org", row["port"], security)
    stream, policy = Scripted(protocol, row["steps"]), Policy()
    dialogue = dialogue_for(endpoint, policy=policy, tag="ABCDEFGH")
    started = trio.current_time()
    result = await run_session(
        stream, dialogue, endpoint=endpoint, policy=policy, on_step=lambda _: None, secure=secure
    )
    return result, stream, trio.current_time() - started


def complaints(wanted: Wanted, result: SessionResult, stream: Scripted, seconds: float) -> list[str]:
    """Return everything that is not as *wanted*."""
    kind = result.failure.kind if result.failure else None
    said = b"".join(stream.sent)
    visible = " ".join(
        [
            result.failure.seen if result.failure else "",
            *((result.hello.greeting, *map(str, result.hello.notes)) if result.hello else ()),
        ]
    )
    faults = {
        f"{result.failure or result.hello}": kind not in (wanted.kinds or (None,)),
        f"took {seconds:.2f} s": seconds > wanted.seconds + 0.001,
        f"sent {said!r}": bool(wanted.silent and said),
        f"{wanted.hidden!r} is visible": bool(wanted.hidden and wanted.hidden in visible),
        f"{wanted.visible!r} is not visible: {visible!r}": wanted.visible not in visible,
        f"{stream.handed} bytes were read": stream.handed > 4 * Policy().limits.max_line,
        "a login was tried": any(word in said for word in (b" LOGIN", b"AUTH", b"USER", b"PASS")),
        "STARTTLS was repeated": said.count(b"STLS") + said.count(b"STARTTLS") > 1,
    }
    return [fault for fault, present in faults.items() if present]


def read(row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with a name and an expectation. KeyError or ValueError for one that cannot be played."""
    protocol, steps = Protocol(row["protocol"]), row["steps"]
    if unknown := {step[0] for step in steps} - _STEPS:
        raise ValueError(f"no such steps: {', '.join(sorted(unknown))}")
    return {"id": "", "expect": "nothing", **row, "protocol": protocol, "port": int(row["port"])}


def run(rows: Sequence[dict[str, Any]]) -> int:
    """Meet every server and print the count; return how many verdicts are wrong."""
    wrong: list[str] = []
    unknown = [row["id"] for row in rows if row["id"] not in WANTED]
    total = 0.0
    for row in rows:
        result, stream, seconds = trio.run(meet, row, clock=trio.testing.MockClock(autojump_threshold=0))
        total += seconds
        faults = complaints(WANTED.get(row["id"], _ANYTHING), result, stream, seconds)
        wrong += [f"  {row['id']}: {'; '.join(faults)} (wanted: {row['expect']})"] if faults else []
    print(f"{len(rows)} hostile servers, {total:.1f} s of virtual time")
    print(f"  {'verdict':18}{len(rows) - len(wrong):7}{len(wrong):7}")
    if unknown:
        print(f"  by the general rules only, without a verdict: {len(unknown)} ({', '.join(unknown[:5])})")
    print("\n".join(wrong))
    return len(wrong)
