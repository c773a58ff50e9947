"""With a proxy nothing goes elsewhere: every connection and datagram of a detection, as the interpreter sees it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.message
import pytest
import trustme
from anyio.abc import ByteStream

from mailsettings import FailureKind, Policy, detect
from mailsettings.cli.exit_codes import ExitCode, exit_code
from mailsettings.model import Detection
from mailsettings.policy import Timeouts
from mailsettings.schema import plain
from mailsettings.web.redaction import redacted
from tests.net.test_tunnel import imap
from tests.support.loopback import server_context, serving
from tests.support.nameserver import Zone, answering, converse
from tests.support.proxy_servers import Proxy

pytestmark = pytest.mark.anyio
CANARY = "kanarienvogel"
ZONE = """
example.org. MX 10 mail.example.org.
_imaps._tcp.example.org. SRV 0 1 993 mail.example.org.
mail.example.org. A 11.0.0.1
"""
# A busy machine must not make failures of its own.
PATIENT = Policy(
    timeouts=Timeouts(
        deadline=60.0,
        greeting_deadline=60.0,
        first_response_timeout=60.0,
        better_source_grace=60.0,
        dns_timeout=60.0,
        dns_lifetime=60.0,
        connect_timeout=60.0,
        proxy_timeout=60.0,
        tls_timeout=60.0,
        greeting_timeout=60.0,
        reply_timeout=60.0,
        http_timeout=60.0,
    )
)
WAYS_OUT = frozenset(
    {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
)


@dataclass
class Watch:
    """What the interpreter was told of sockets while it was switched on; a hook can never be taken away again."""

    on: bool = False
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in WAYS_OUT:
            self.seen.append((event, arguments[1] if event == "socket.connect" else arguments))

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.seen.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False


@pytest.fixture(scope="module")
def watch() -> Watch:
    hook = Watch()
    sys.addaudithook(hook)
    return hook


def only(zone: Zone, query: dns.message.Message) -> bytes:
    """Answer from *zone* what is asked about the very name."""
    response = zone.response(query)
    response.answer = [rrset for rrset in response.answer if rrset.name == query.question[0].name]
    return response.to_wire()


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_not_a_packet_goes_elsewhere(scheme: str, watch: Watch, ca: trustme.CA, ca_file: str) -> None:
    """
    Questions, documents and probes of a whole detection: this process connects to the proxy, and to nobody else.
    """
    zone, proxy = Zone(ZONE), Proxy(("ada", CANARY))

    async def names(stream: ByteStream) -> None:
        await converse(stream, lambda query: only(zone, query))

    async with (
        serving(names) as resolver,
        serving(imap, server_context(ca.issue_cert("mail.example.org"))) as server,
        serving(proxy.socks if scheme == "socks5" else proxy.http) as at,
    ):
        proxy.redirect = {"192.0.2.53:53": resolver, "11.0.0.1:993": server}
        policy = PATIENT.replace(
            proxy=f"{scheme}://ada:{CANARY}@127.0.0.1:{at}", resolver="192.0.2.53", ca_file=ca_file
        )
        with watch.watching():
            detection = await detect("ada@example.org", policy=policy)

    assert detection.incoming[0].verified, detection.failures
    behind = {("socket.connect", ("127.0.0.1", port)) for port in (resolver, server)}  # the proxy's own
    assert set(watch.seen) - behind == {("socket.connect", ("127.0.0.1", at))}
    assert {"192.0.2.53:53", "11.0.0.1:993", "11.0.0.1:587"} <= set(proxy.asked)
    assert CANARY not in f"{detection}{detection.to_json()}"


async def test_the_canary_sings_when_a_question_goes_past(watch: Watch) -> None:
    """
    Where DNS is let past the proxy, the same watch sees it.
    """
    async with answering(lambda query: [only(Zone(ZONE), query)]) as port, serving(Proxy().socks) as at:
        policy = PATIENT.replace(proxy=f"socks5://127.0.0.1:{at}", resolver=f"127.0.0.1:{port}", dns_past_proxy=True)
        with watch.watching():
            await detect("ada@example.org", policy=policy)

    assert ("socket.connect", ("127.0.0.1", port)) in watch.seen


@pytest.mark.parametrize(
    ("way", "seen"),
    [("socks5://ada:{}@127.0.0.1:{}", "it refused the login"), ("socks5://127.0.0.1:{1}", "it wants a login")],
    ids=["wrong password", "no login"],
)
async def test_a_proxy_that_cannot_be_used_is_one_clear_failure(way: str, seen: str, watch: Watch) -> None:
    """
    It names the proxy and no server, nothing goes past it, and the command ends as without a network.
    """
    proxy = Proxy(("ada", "right"))
    async with serving(proxy.socks) as at:
        policy = PATIENT.replace(proxy=way.format(CANARY, at), resolver="192.0.2.53")
        with watch.watching():
            detection = await detect("ada@example.org", policy=policy)

    (failure,) = detection.failures
    assert (failure.kind, failure.place) == (FailureKind.PROXY, f"socks5://127.0.0.1:{at}")
    assert seen in failure.seen
    assert [finding.code for finding in detection.findings] == ["proxy-failed"]
    assert set(watch.seen) == {("socket.connect", ("127.0.0.1", at))}
    assert exit_code(plain(detection)) is ExitCode.NO_NETWORK
    assert CANARY not in f"{detection}{detection.to_json()}"


async def _found(proxy_url: str) -> Detection:
    return await detect("ada@example.org", policy=PATIENT.replace(proxy=proxy_url, resolver="192.0.2.53"))


async def test_visitors_of_the_service_do_not_learn_of_the_proxy() -> None:
    """
    How the service gets out is nobody's business: to them it has no network.
    """
    async with serving(Proxy(("ada", "right")).socks) as at:
        detection = redacted(await _found(f"socks5://127.0.0.1:{at}"))

    text = detection.to_json()
    assert [failure.kind for failure in detection.failures] == [FailureKind.NO_NETWORK]
    assert [finding.code for finding in detection.findings] == ["network-down"]
    assert ("proxy" in text, str(at) in text) == (False, False)


@pytest.mark.parametrize("past", [False, True], ids=["through it", "past it"])
async def test_the_answer_says_what_it_cannot_promise(past: bool) -> None:
    """
    Whom the proxy connected to is its word; where DNS went past it, the answer says so, too.
    """
    async with serving(Proxy(("ada", "right")).socks) as at:
        url = f"socks5://127.0.0.1:{at}"
        policy = PATIENT.replace(proxy=url, resolver="127.0.0.1:1", dns_past_proxy=past)
        detection = await detect("ada@example.org", policy=policy)

    assert [str(note).startswith(f"proxy {url}: ") for note in detection.notes] == [True] * (1 + past)
    assert ("went past it" in " ".join(map(str, detection.notes))) is past
