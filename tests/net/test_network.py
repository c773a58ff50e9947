"""The network as lookups and the engine see it, over a world in memory and over loopback."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AsyncExitStack

import anyio
import pytest
import trustme
from anyio.abc import ByteStream

from mailsettings.errors import FailureKind, MailSettingsError
from mailsettings.model import Endpoint, Probe, Protocol, Question, Security
from mailsettings.net.network import open_network
from mailsettings.policy import Limits, Policy
from mailsettings.testing import FakeNetwork, imap, run_virtual
from tests.support.loopback import LOOPBACK, Loopback, server_context, serving

HOST = "imap.example.org"
IMAPS = Endpoint(Protocol.IMAP, HOST, 993, Security.TLS)
GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready.\r\n"


def greeted(net: FakeNetwork, endpoint: Endpoint = IMAPS, policy: Policy | None = None) -> tuple[Probe, list[str]]:
    """Greet *endpoint* in the world *net*; return the probe and the steps as they began."""
    begun: list[str] = []

    async def greet() -> Probe:
        async with open_network(policy or Policy(), net.transport()) as network:
            return await network.greet(endpoint, begun.append)

    probe, _ = run_virtual(greet)
    return probe, begun


def test_a_probe_tells_what_was_seen_and_how_long_it_took() -> None:
    """
    Address, aliases, TLS, hello; each step with its seconds, in virtual time to the digit.
    """
    net = FakeNetwork(rtt=0.1)
    net.host("mail.hoster.example", "11.0.0.7")
    net.records(HOST, CNAME="mail.hoster.example")
    net.host(HOST, certificate=[HOST]).serve(imap())

    probe, begun = greeted(net)

    assert (probe.verified, probe.address, probe.aliases) == (True, "11.0.0.7", ("mail.hoster.example",))
    assert [step.name for step in probe.steps] == begun
    assert [round(step.seconds, 6) for step in probe.steps[:3]] == [0.1, 0.1, 0.1]
    assert net.open_streams == ()


@pytest.mark.parametrize(
    ("port", "kind", "steps"),
    [
        pytest.param(22, FailureKind.DENIED, [], id="not a mail port"),
        pytest.param(443, FailureKind.DENIED, [], id="a web port"),
        pytest.param(995, FailureKind.REFUSED, ["resolve", "connect"], id="closed"),
    ],
)
def test_failures_are_in_the_probe(port: int, kind: FailureKind, steps: list[str]) -> None:
    """
    A probe that failed says at which step and why; nothing is raised.
    """
    net = FakeNetwork()
    net.host(HOST, "11.0.0.7").serve(imap())

    probe, begun = greeted(net, Endpoint(Protocol.IMAP, HOST, port, Security.TLS))

    assert probe.failure is not None
    assert (probe.failure.kind, probe.failure.where, begun) == (kind, probe.endpoint, steps)
    assert [step.name for step in probe.steps] == steps


def test_every_lookup_shares_the_answers() -> None:
    """
    Addresses asked for by one lookup are not asked for again by a probe.
    """
    net = FakeNetwork()
    net.host(HOST, "11.0.0.7").serve(imap())

    async def ask_and_greet() -> None:
        async with open_network(Policy(), net.transport()) as network:
            await network.ask(Question(HOST, "A"))
            await network.greet(IMAPS, lambda _: None)

    run_virtual(ask_and_greet)

    assert sorted(net.questions) == [f"{HOST} A", f"{HOST} AAAA"]


def test_a_transport_that_was_given_is_not_closed() -> None:
    """
    Who brings a transport may use it for the next detection, too.
    """
    closed: list[str] = []

    class Borrowed(Loopback):
        async def aclose(self) -> None:
            closed.append("closed")

    async def open_it() -> None:
        async with open_network(Policy(), Borrowed(Policy())):
            pass

    run_virtual(open_it)

    assert closed == []


@pytest.mark.anyio
async def test_a_mistyped_resolver_is_reported_at_once() -> None:
    """
    A policy that cannot be understood fails before anything is asked.
    """
    with pytest.raises(MailSettingsError, match="'nonsense'"):
        async with open_network(Policy(resolver="nonsense")):
            pass


async def speak_imap(stream: ByteStream) -> None:
    """Be an IMAP server of the simplest kind."""
    await stream.send(GREETING)
    while line := await stream.receive():
        tag, _, command = line.partition(b" ")
        untagged = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" if command.startswith(b"CAPABILITY") else b"* BYE\r\n"
        await stream.send(untagged + tag + b" OK done\r\n")


@pytest.mark.anyio
async def test_a_server_on_loopback_is_verified(ca: trustme.CA, ca_file: str) -> None:
    """
    The whole way on real sockets: address, TCP, TLS with a checked name, greeting, capabilities.
    """
    context = server_context(ca.issue_cert(HOST), alpn=("imap",))
    async with serving(speak_imap, context) as port:
        policy = Policy(mail_ports=frozenset({port}), allow_networks=LOOPBACK, ca_file=ca_file)
        async with open_network(policy, Loopback(policy)) as network:
            probe = await network.greet(Endpoint(Protocol.IMAP, HOST, port, Security.TLS), lambda _: None)

    assert (probe.verified, probe.tls and probe.tls.alpn, probe.failure) == (True, "imap", None)


@pytest.mark.anyio
async def test_cancelling_a_detection_closes_every_socket(ca_file: str) -> None:
    """
    Ten probes of silent servers are cancelled at once: each server sees its connection end.
    """
    ends = [anyio.Event() for _ in range(10)]
    waiting = iter(ends)

    async def silent(stream: ByteStream) -> None:
        ended = next(waiting)
        try:
            await stream.receive()  # the client's hello; it gets no answer
            await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            ended.set()

    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(silent))
        policy = Policy(
            limits=Limits(max_parallel_per_address=10),
            mail_ports=frozenset({port}),
            allow_networks=LOOPBACK,
            ca_file=ca_file,
        )
        network = await stack.enter_async_context(open_network(policy, Loopback(policy)))
        async with anyio.create_task_group() as group:
            for number in range(10):
                endpoint = Endpoint(Protocol.IMAP, f"h{number}.example.org", port, Security.TLS)
                group.start_soon(network.greet, endpoint, lambda _: None)
            await anyio.sleep(0.3)
            group.cancel_scope.cancel()
        with anyio.fail_after(2):
            for ended in ends:
                await ended.wait()

    assert all(ended.is_set() for ended in ends)


def test_the_network_opens_without_httpx_and_dnspython() -> None:
    """
    A detection that is answered before a document is fetched does not pay for loading what fetches documents.
    """
    code = (
        "import sys, mailsettings.net.network; print(*sorted({'httpx', 'httpcore', 'dns', 'ssl'} & set(sys.modules)))"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.split() in ([], ["ssl"])  # anyio loads ssl itself in some versions
