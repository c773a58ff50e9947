"""Run a protocol dialogue over a stream: execute its commands, feed it lines, enforce limits and deadlines.

One connection, one dialogue, one purpose: nothing is reused (curl CVE-2026-4873 shows why). Failures are returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol as Interface

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.escape import quoted
from mailsettings.hostnames import name_matches
from mailsettings.model import Endpoint, Failure, Hello, Note, Protocol, Security, Step, Timing, TLSFacts
from mailsettings.net.certificates import CertificateError
from mailsettings.net.streams import Stream
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Command, Dialogue, ReadLine, Send, Stage, StartTLS, command_line
from mailsettings.protocols.fingerprint import hosts_in
from mailsettings.protocols.line_buffer import LineBuffer

# ALPN names of RFC 7301's registry; SMTP has none.
_ALPN = {Protocol.IMAP: ("imap",), Protocol.POP3: ("pop3",)}
_TIMEOUTS = {Step.GREETING: FailureKind.GREETING_TIMEOUT, Step.TLS: FailureKind.TLS_TIMEOUT}
_NO_HANDSHAKE = frozenset({FailureKind.CLOSED, FailureKind.TLS_TIMEOUT, FailureKind.NOT_TLS})
MAX_HOSTS = 20  # named before TLS, of which the certificate covers one, if any
_BARE_LF = Note("lines end with LF instead of CR LF")


class Secure(Interface):
    """Start TLS and compare the certificate's name: net.tls.secure, or a replacement for inspection and tests."""

    async def __call__(self, stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts: ...


@dataclass(frozen=True, slots=True)
class SessionResult:
    """The outcome of a dialogue: a hello or a failure, never both and never neither."""

    hello: Hello | None = None
    failure: Failure | None = None
    tls: TLSFacts | None = None  # also if the certificate is for other names
    steps: tuple[Timing, ...] = ()
    own_names: tuple[str, ...] = ()  # as in Probe


async def run_session(
    stream: Stream,
    dialogue: Dialogue,
    *,
    endpoint: Endpoint,
    policy: Policy,
    on_step: Callable[[Step], None],
    secure: Secure | None = None,
) -> SessionResult:
    """Run *dialogue* over the fresh TCP connection *stream*, implicit TLS included.

    *on_step* is called as each step begins. Never raises NetworkError; the caller closes *stream*.
    """
    if secure is None:
        from mailsettings.net import tls

        secure = tls.secure
    runner = SessionRunner(stream, dialogue, endpoint=endpoint, policy=policy, on_step=on_step, secure=secure)
    hello, failure = None, None
    try:
        hello = await runner.run()
    except NetworkError as error:
        failure = _at_step(Failure.of(endpoint, error), runner.steps)
        if isinstance(error, CertificateError):
            runner.tls = error.facts
    own_names = tuple(name for name in runner.hosts if name_matches(name, runner.tls.names)) if runner.tls else ()
    return SessionResult(hello, failure, runner.tls, tuple(runner.steps), () if hello else own_names)


def _at_step(failure: Failure, steps: Sequence[Timing]) -> Failure:
    """Return *failure* with its detail if TLS did not begin though the server had agreed to STARTTLS."""
    at_handshake = [step.name for step in steps[-2:]] == [Step.STARTTLS, Step.TLS]
    if at_handshake and failure.detail is None and failure.kind in _NO_HANDSHAKE:
        return replace(failure, detail=Detail.BEHIND_GO_AHEAD)
    return failure


class SessionRunner:
    """Runs one dialogue over one connection: its commands, received lines, steps and TLS facts."""

    def __init__(
        self,
        stream: Stream,
        dialogue: Dialogue,
        *,
        endpoint: Endpoint,
        policy: Policy,
        on_step: Callable[[Step], None],
        secure: Secure,
    ) -> None:
        self.steps: list[Timing] = []
        self.tls: TLSFacts | None = None
        self.hosts: dict[str, None] = {}  # named in plaintext lines, at most MAX_HOSTS
        self._stream = stream
        self._dialogue = dialogue
        self._endpoint = endpoint
        self._policy = policy
        self._on_step = on_step
        self._secure = secure
        self._lines = LineBuffer(policy)
        self._step: Step | None = None

    async def run(self) -> Hello:
        """Run the dialogue stage by stage and return its result. Raises what the dialogue raises."""
        command = self._advance(None)
        while not isinstance(command, Hello):
            assert isinstance(command, Stage), "a dialogue names its step before any other command"
            command = await self._farewell() if command.name is Step.FAREWELL else await self._run_stage(command.name)
        if self._lines.bare_lf:
            return replace(command, notes=(*command.notes, _BARE_LF))
        return command

    async def _run_stage(self, step: Step) -> Command | Hello:
        """Execute the commands of one stage under one deadline, which a slow drip of bytes does not extend."""
        import anyio

        self._begin(step)
        started = anyio.current_time()
        limit = self._limit(step)
        try:
            with anyio.move_on_after(limit):
                command = self._advance(None)
                while not isinstance(command, Stage | Hello):
                    command = await self._execute(command)
                return command
        finally:
            self.steps.append(Timing(step, anyio.current_time() - started))
        error = self._unfinished(_TIMEOUTS.get(step, FailureKind.REPLY_TIMEOUT), f"no {step} within {limit:g} s")
        if step in (Step.LOGIN, Step.MAILBOX):
            return self._throw(error)  # what the server has said so far is part of the verdict
        raise error

    def _begin(self, step: Step) -> None:
        """Enter the stage *step*."""
        self._step = step
        self._on_step(step)
        if step is Step.STARTTLS and self._lines.rest and self._endpoint.protocol is not Protocol.IMAP:
            # A reply before its command. IMAP may send untagged data at any time; its reply must carry our tag.
            raise NetworkError(
                FailureKind.EARLY_BYTES, "said before STARTTLS was sent", quoting=quoted(self._lines.rest)
            )

    def _limit(self, step: Step) -> float:
        """Return how many seconds the stage *step* may take."""
        if step is Step.GREETING:
            smtp = self._endpoint.protocol is Protocol.SMTP
            return self._policy.timeouts.smtp_greeting_timeout if smtp else self._policy.timeouts.greeting_timeout
        return self._policy.timeouts.tls_timeout if step is Step.TLS else self._policy.timeouts.reply_timeout

    def _advance(self, answer: bytes | TLSFacts | None) -> Command | Hello:
        """Send *answer* into the dialogue; return its next command or its result."""
        try:
            return self._dialogue.send(answer)
        except StopIteration as end:
            return self._result(end)

    def _throw(self, error: NetworkError) -> Command | Hello:
        """Throw *error* for the end of the stream into the dialogue, which may have received enough."""
        try:
            return self._dialogue.throw(error)
        except StopIteration as end:
            return self._result(end)

    @staticmethod
    def _result(end: StopIteration) -> Hello:
        assert isinstance(end.value, Hello)
        return end.value

    async def _execute(self, command: Command) -> Command | Hello:
        """Execute *command*, and return the next one or the result."""
        if isinstance(command, Send):
            self._lines.next_reply()
            await self._stream.send(command_line(command.line))
            return self._advance(None)
        if isinstance(command, StartTLS):
            return self._advance(await self._start_tls())
        assert isinstance(command, ReadLine), "mail servers are spoken to in lines"
        line = await self._read_line()
        return self._advance(line) if line is not None else self._throw(self._closed())

    async def _read_line(self) -> bytes | None:
        """Return the next line, None at the end of the stream."""
        while (line := self._lines.take()) is None:
            data = await self._stream.receive(self._policy.limits.max_line)
            if not data:
                return None
            self._lines.feed(data)
        if self.tls is None and len(self.hosts) < MAX_HOSTS:
            self.hosts.update(dict.fromkeys(hosts_in(line)[:MAX_HOSTS]))
        return line

    async def _start_tls(self) -> TLSFacts:
        """Start TLS. EARLY_BYTES if plaintext is buffered that would now pass for encrypted (CVE-2020-15685)."""
        if self._lines.rest:
            raise NetworkError(
                FailureKind.EARLY_BYTES, "said in clear before the handshake", quoting=quoted(self._lines.rest)
            )
        # After STARTTLS the protocol is already agreed.
        alpn = _ALPN.get(self._endpoint.protocol, ()) if self._endpoint.security is Security.TLS else ()
        self.tls = await self._secure(self._stream, self._endpoint.host, alpn)
        self._lines = LineBuffer(self._policy, total=self._lines.total)
        return self.tls

    async def _farewell(self) -> Command | Hello:
        """Send the closing command, such as QUIT, on a best-effort basis: the result does not depend on it."""
        import anyio

        command = self._advance(None)
        assert isinstance(command, Send)
        with anyio.move_on_after(self._policy.timeouts.better_source_grace):
            try:
                await self._stream.send(command_line(command.line))
            except NetworkError:
                return self._advance(None)  # the server closed the connection first
        return self._advance(None)

    def _closed(self) -> NetworkError:
        """Return the error for a connection that the server closed, by how far the dialogue had got."""
        if self._lines.rest:
            return self._unfinished(FailureKind.CLOSED, "closed in the middle of a line")
        if self._lines.reply_lines:
            return NetworkError(FailureKind.CLOSED, f"closed in the middle of a reply ({self._step})")
        if self._step is Step.GREETING:
            return NetworkError(FailureKind.CLOSED, "closed without a greeting")
        return NetworkError(FailureKind.CLOSED, f"closed instead of an answer ({self._step})")

    def _unfinished(self, kind: FailureKind, seen: str) -> NetworkError:
        """Return the error for a premature end, with the beginning of an unfinished line if there is one."""
        if not (rest := self._lines.rest):
            return NetworkError(kind, seen)
        return NetworkError(kind, seen, quoting=quoted(rest), detail=Detail.UNFINISHED_LINE)
