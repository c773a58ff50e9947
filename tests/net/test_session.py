"""The runner, on a stream in memory: order, limits, deadlines, and what must never happen."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from textwrap import dedent

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.model import Endpoint, Note, TLSFacts
from mailsettings.net.certificates import CertificateError
from mailsettings.net.session import SessionResult
from mailsettings.net.streams import Stream
from mailsettings.policy import Limits, Policy
from tests.support.transcript_stream import (
    FACTS,
    GOOD,
    IMAP_STARTTLS,
    IMAP_TLS,
    POP3_STARTTLS,
    POP3_TLS,
    SMTP_STARTTLS,
    SMTP_TLS,
    Drip,
    Server,
    carry,
    in_virtual_time,
)

each_endpoint = pytest.mark.parametrize("endpoint", [pytest.param(key, id=str(key)) for key in GOOD])


def kind_of(result: SessionResult) -> FailureKind | None:
    return result.failure.kind if result.failure else None


@pytest.mark.anyio
@each_endpoint
async def test_good_servers(endpoint: Endpoint) -> None:
    """
    Every protocol, with TLS at once or later, comes to a hello inside TLS.
    """
    result = await carry(Server(GOOD[endpoint]), endpoint)

    assert result.hello is not None
    assert (result.hello.tls, result.tls, result.failure) == (FACTS, FACTS, None)


@pytest.mark.anyio
@each_endpoint
async def test_byte_by_byte(endpoint: Endpoint) -> None:
    """
    Segments carry no meaning: one byte at a time gives the same hello.
    """
    whole = await carry(Server(GOOD[endpoint]), endpoint)
    single = await carry(Server(GOOD[endpoint], segment=1), endpoint)

    assert whole.hello == single.hello


@pytest.mark.anyio
@each_endpoint
async def test_cut_off_anywhere(endpoint: Endpoint) -> None:
    """
    A connection that ends too early ends in CLOSED, wherever that is.
    """
    whole = Server(GOOD[endpoint])
    await carry(whole, endpoint)

    kinds = {kind_of(await carry(Server(GOOD[endpoint], cut=cut), endpoint)) for cut in range(whole.handed)}

    assert {FailureKind.CLOSED} == kinds


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("endpoint", "steps"),
    [
        pytest.param(IMAP_TLS, ["tls", "greeting", "capabilities"], id="implicit TLS"),
        pytest.param(IMAP_STARTTLS, ["greeting", "capabilities", "starttls", "tls", "capabilities"], id="STARTTLS"),
    ],
)
async def test_steps_are_told_and_timed(endpoint: Endpoint, steps: list[str]) -> None:
    """
    Each step is told as it begins and timed when it ends; taking leave is no step.
    """
    began: list[str] = []

    result = await carry(Server(GOOD[endpoint]), endpoint, on_step=began.append)

    assert (steps, steps) == (began, [step.name for step in result.steps])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("endpoint", "alpn"),
    [
        pytest.param(IMAP_TLS, ("imap",), id="IMAP"),
        pytest.param(POP3_TLS, ("pop3",), id="POP3"),
        pytest.param(SMTP_TLS, (), id="SMTP has no name"),
        pytest.param(IMAP_STARTTLS, (), id="behind STARTTLS it is said already"),
    ],
)
async def test_alpn(endpoint: Endpoint, alpn: tuple[str, ...]) -> None:
    """
    TLS on a port of its own names the protocol, so that another one's server can refuse (ALPACA).
    """
    server = Server(GOOD[endpoint])
    await carry(server, endpoint)

    assert alpn == server.alpn


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("endpoint", "transcript"),
    [
        pytest.param(
            IMAP_STARTTLS,
            "S: * OK [CAPABILITY STARTTLS] x\nC: A1 STARTTLS\nS: A1 OK go\nS: * CAPABILITY AUTH=PLAIN",
            id="IMAP",
        ),
        pytest.param(
            IMAP_STARTTLS, "S: * OK [CAPABILITY STARTTLS] x\nC: A1 STARTTLS\nS: A1 OK go\nS: X…", id="one byte"
        ),
        pytest.param(
            POP3_STARTTLS, "S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: +OK go\nS: +OK\nS: .", id="POP3"
        ),
        pytest.param(
            SMTP_STARTTLS,
            "S: 220 x\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nS: 250 AUTH X",
            id="SMTP",
        ),
        pytest.param(
            SMTP_STARTTLS,
            "S: 220 x\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 STARTTLS\nS: 220 go",
            id="the answer before the question",
        ),
    ],
)
async def test_plaintext_bytes_do_not_get_into_tls(endpoint: Endpoint, transcript: str) -> None:
    """
    What came behind the answer to STARTTLS would pass for encrypted (CVE-2020-15685): it ends the connection.
    """
    result = await carry(Server(transcript), endpoint)

    assert kind_of(result) == FailureKind.EARLY_BYTES
    assert (result.hello, result.tls) == (None, None)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("transcript", "seen"),
    [
        pytest.param("", "closed without a greeting", id="no greeting"),
        pytest.param("S: 22…", "closed in the middle of a line: '22'", id="within a line"),
        pytest.param("S: 220-x", "closed in the middle of a reply (greeting)", id="within a reply"),
        pytest.param(
            "S: 220 x\nC: EHLO mailsettings.invalid", "closed instead of an answer (capabilities)", id="no answer"
        ),
    ],
)
async def test_hanging_up_is_described(transcript: str, seen: str) -> None:
    """
    A closed connection is told apart by how far it had come.
    """
    result = await carry(Server(transcript), SMTP_STARTTLS)

    assert result.failure is not None
    assert (FailureKind.CLOSED, "smtp://mail.example.org:587 (starttls)", seen) == (
        result.failure.kind,
        result.failure.place,
        result.failure.seen,
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("transcript", "detail", "redacted"),
    [
        ("", None, "closed without a greeting"),
        ("S: 22…", Detail.UNFINISHED_LINE, "closed in the middle of a line"),
    ],
)
async def test_a_line_that_has_no_end_is_a_detail(transcript: str, detail: Detail | None, redacted: str) -> None:
    """
    It tells a server that drips from one that keeps silent; what came of it is quoted, and can be left out.
    """
    talked = await carry(Server(transcript), SMTP_STARTTLS)

    assert talked.failure is not None
    assert (talked.failure.detail, talked.failure.redacted) == (detail, redacted)


@pytest.mark.anyio
async def test_a_refusal_counts_even_if_cut_short() -> None:
    """
    Nemesis says 554 in a line that announces another, and hangs up.
    """
    result = await carry(Server("S: 554-gmx.net not available"), SMTP_STARTTLS)

    assert kind_of(result) == FailureKind.GREETING_REFUSED


@pytest.mark.parametrize(
    ("endpoint", "transcript", "kind", "seconds"),
    [
        pytest.param(IMAP_TLS, "", FailureKind.TLS_TIMEOUT, 5, id="handshake"),
        pytest.param(IMAP_TLS, "TLS", FailureKind.GREETING_TIMEOUT, 8, id="greeting"),
        pytest.param(
            SMTP_STARTTLS, "", FailureKind.GREETING_TIMEOUT, 12, id="SMTP greeting, which may be slow on purpose"
        ),
        pytest.param(SMTP_STARTTLS, "S: 220-x", FailureKind.GREETING_TIMEOUT, 12, id="half a greeting"),
        pytest.param(POP3_STARTTLS, "S: +OK\nC: CAPA", FailureKind.REPLY_TIMEOUT, 8, id="reply"),
        pytest.param(POP3_STARTTLS, "S: +OK\nC: CAPA\nS: +OK\nS: X…", FailureKind.REPLY_TIMEOUT, 8, id="half a reply"),
        pytest.param(
            IMAP_STARTTLS, "S: * OK [CAPABILITY STARTTLS]\nC: A1 STARTTLS", FailureKind.REPLY_TIMEOUT, 8, id="STARTTLS"
        ),
    ],
)
def test_silence_ends_at_the_deadline(endpoint: Endpoint, transcript: str, kind: FailureKind, seconds: float) -> None:
    """
    Each step has a deadline of its own, and its own name when it passes.
    """
    result, taken = in_virtual_time(Server(transcript, silent=True), endpoint)

    assert kind_of(result) == kind
    assert taken == pytest.approx(seconds)


def test_dripping_does_not_extend_the_deadline() -> None:
    """
    A byte a second keeps no connection open: the deadline is that of the whole step.
    """
    result, taken = in_virtual_time(Drip(b"2"), SMTP_TLS)

    assert kind_of(result) == FailureKind.GREETING_TIMEOUT
    assert taken == pytest.approx(12)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "transcript",
    [
        pytest.param("TLS\nS: * OK " + "A" * 100_000, id="a long line"),
        pytest.param("TLS\nS: " + "A" * 100_000 + "…", id="a line without end"),
        pytest.param("TLS\nS: * OK\nC: A1 CAPABILITY\n" + "S: * 1 EXISTS\n" * 300, id="many lines"),
        pytest.param("TLS\nS: * OK\nC: A1 CAPABILITY\n" + f"S: * X {'A' * 8000}\n" * 9, id="a long reply"),
    ],
)
async def test_limits_end_the_connection(transcript: str) -> None:
    """
    A limit of the policy ends the connection before much more than it was read.
    """
    server = Server(transcript)
    result = await carry(server, IMAP_TLS)

    assert kind_of(result) == FailureKind.LIMIT
    assert server.handed < Policy().limits.max_reply + 2 * Policy().limits.max_line


@pytest.mark.anyio
async def test_bytes_are_counted_across_the_handshake() -> None:
    """
    The limit of a connection does not begin anew with TLS.
    """
    result = await carry(Server(GOOD[IMAP_STARTTLS]), IMAP_STARTTLS, policy=Policy(limits=Limits(max_connection=120)))

    assert kind_of(result) == FailureKind.LIMIT
    assert result.tls == FACTS


@pytest.mark.anyio
async def test_the_wrong_certificate_is_kept() -> None:
    """
    A certificate for other names is a failure, and the names are evidence.
    """

    async def elsewhere(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        raise CertificateError(FailureKind.CERTIFICATE_NAME, "the certificate is for hoster.example", FACTS)

    server = Server(GOOD[IMAP_TLS])
    result = await carry(server, IMAP_TLS, secure=elsewhere)

    assert (kind_of(result), result.tls, server.sent) == (FailureKind.CERTIFICATE_NAME, FACTS, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("host", "kind"),
    [
        pytest.param("mail.example.org", None, id="its own name"),
        pytest.param("imap.example.org", FailureKind.CERTIFICATE_NAME, id="another name"),
    ],
)
async def test_names_are_compared_unless_told_otherwise(host: str, kind: FailureKind | None) -> None:
    """
    Without anything said, the handshake is the one that compares the certificate's name.
    """
    endpoint = replace(IMAP_TLS, host=host)

    result = await carry(Server(GOOD[IMAP_TLS]), endpoint, secure=None)

    assert (kind_of(result), result.tls) == (kind, FACTS)


@pytest.mark.anyio
async def test_a_failed_handshake_is_not_retried_unencrypted() -> None:
    """
    After a handshake that failed nothing is said any more.
    """

    async def broken(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        raise NetworkError(FailureKind.TLS_FAILED, "no")

    server = Server(GOOD[SMTP_STARTTLS])
    result = await carry(server, SMTP_STARTTLS, secure=broken)

    assert (kind_of(result), server.sent[-1]) == (FailureKind.TLS_FAILED, b"STARTTLS\r\n")


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["a\r\nMAIL FROM:<x>", "a\nb", "a\0b"])
async def test_no_second_command_inside_the_first(name: str) -> None:
    """
    A name with a line end in it does not leave, wherever it came from.
    """
    server = Server(GOOD[SMTP_TLS])
    result = await carry(server, SMTP_TLS, policy=Policy(ehlo_name=name))

    assert (kind_of(result), server.sent) == (FailureKind.INTERNAL, [])


class Deaf(Server):
    """A server that has hung up, or stopped reading, when we take leave."""

    def __init__(self, transcript: str, *, hangs: bool) -> None:
        super().__init__(transcript)
        self._hangs = hangs

    async def send(self, data: bytes) -> None:
        if b"LOGOUT" not in data:
            return await super().send(data)
        if self._hangs:
            await anyio.sleep_forever()
        raise NetworkError(FailureKind.CLOSED, "gone")


@pytest.mark.parametrize(("hangs", "seconds"), [pytest.param(False, 0, id="gone"), pytest.param(True, 0.5, id="stuck")])
def test_a_hello_does_not_depend_on_the_farewell(hangs: bool, seconds: float) -> None:
    """
    What was found out stays true when the last line cannot be sent.
    """
    result, taken = in_virtual_time(Deaf(GOOD[IMAP_TLS], hangs=hangs), IMAP_TLS)

    assert result.hello is not None
    assert seconds == pytest.approx(taken)


@pytest.mark.anyio
async def test_bare_lf_is_read_and_noted() -> None:
    """
    A server that ends lines with LF alone is understood, and the hello says so.
    """
    transcript = "TLS\nS: 220 x¶\nC: EHLO mailsettings.invalid\nS: 250-x¶\nS: 250 AUTH PLAIN¶\nC: QUIT"
    result = await carry(Server(transcript), SMTP_TLS)

    assert result.hello is not None
    assert result.hello.notes == (Note("lines end with LF instead of CR LF"),)


@pytest.mark.anyio
async def test_bare_lf_before_tls_is_forgotten() -> None:
    """
    Line ends from before TLS are not held against a server: they may not have been its own.
    """
    result = await carry(Server(GOOD[POP3_STARTTLS].replace("+OK go", "+OK go¶")), POP3_STARTTLS)

    assert result.hello is not None
    assert [note for note in result.hello.notes if "LF" in note.text] == []


@pytest.mark.anyio
async def test_cancelling_passes_through() -> None:
    """
    Whoever cancels gets no failure for an answer: the cancellation goes on to where it came from.
    """
    result = None
    with anyio.move_on_after(0) as scope:
        result = await carry(Server("", silent=True), SMTP_STARTTLS)

    assert (scope.cancelled_caught, result) == (True, None)


ON_PURPOSE = """
* OK [CAPABILITY STARTTLS]|* OK|* CAPABILITY {9}|* CAPABILITY AUTH=X|* PREAUTH|* BYE|A1 OK|A2 OK|A3 OK|A4 NO
+OK|-ERR|STLS|USER|.|220 x|220-x|250-x|250 STARTTLS|250 AUTH X|421 x|554-x
"""
HOSTILE = st.lists(
    st.binary(max_size=40) | st.sampled_from([line.encode() + b"\r\n" for line in re.split(r"[|\n]", ON_PURPOSE)]),
    max_size=12,
)


class Babble(Drip):
    """A server that sends its pieces whatever it receives, then closes the connection."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(b"")
        self.pieces = deque(piece for piece in pieces if piece)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return self.pieces.popleft()[:max_bytes] if self.pieces else b""


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.sampled_from(list(GOOD)))
def test_whatever_comes_there_is_a_result(pieces: list[bytes], endpoint: Endpoint) -> None:
    """
    Random bytes and replies out of place end in a hello or in a typed failure that is safe to print, never both.
    """
    result, _ = in_virtual_time(Babble(pieces), endpoint)

    assert (result.hello is None) != (result.failure is None)
    assert (result.failure.seen if result.failure else "").isprintable()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("endpoint", "said", "names"),
    [
        pytest.param(SMTP_STARTTLS, "S: 220 s7.example.net ESMTP", ("s7.example.net",), id="greeting"),
        pytest.param(SMTP_STARTTLS, "S: 220-s7.example.net ESMTP\nS: 220 no spam", ("s7.example.net",), id="two lines"),
        pytest.param(IMAP_STARTTLS, "S: * OK Dovecot 2.3.21 at S7.example.net.", ("s7.example.net",), id="IMAP"),
        pytest.param(POP3_STARTTLS, "S: +OK <1896.69@s7.example.net>", ("s7.example.net",), id="APOP"),
        pytest.param(SMTP_STARTTLS, "S: 220 s7.other.example 4.3.2.1 a.b.example.net", (), id="not in the certificate"),
        pytest.param(SMTP_STARTTLS, f"S: 220 {'x' * 600}.example.net s7.example.net", (), id="behind 500 bytes"),
        pytest.param(
            SMTP_STARTTLS,
            f"S: 220 {' '.join(f'x{number}.example.net' for number in range(30))}",
            tuple(f"x{number}.example.net" for number in range(20)),
            id="too many",
        ),
    ],
)
async def test_own_names_of_a_server_with_another_certificate(
    endpoint: Endpoint, said: str, names: tuple[str, ...]
) -> None:
    """
    What it called itself in plaintext is kept as far as its certificate covers it.
    """
    facts = replace(FACTS, names=("*.example.net",))

    async def elsewhere(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        raise CertificateError(FailureKind.CERTIFICATE_NAME, "the certificate is for example.net", facts)

    before, _, after = dedent(GOOD[endpoint]).strip().partition("\n")
    result = await carry(Server(f"{said}\n{after}"), endpoint, secure=elsewhere)

    assert before.startswith("S: ")
    assert (kind_of(result), result.own_names) == (FailureKind.CERTIFICATE_NAME, names)


@pytest.mark.anyio
@each_endpoint
async def test_a_verified_server_needs_no_other_name(endpoint: Endpoint) -> None:
    """
    Nothing is kept of a server that has the right certificate.
    """
    result = await carry(Server(GOOD[endpoint]), endpoint)

    assert result.own_names == ()
