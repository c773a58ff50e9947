"""The fake network: DNS names, hosts, servers and pages that a test defines, and a record of all that was asked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from ipaddress import IPv4Address, ip_address
from itertools import count
from types import TracebackType
from typing import Self

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing.certificates import Certificate, fake_certificate
from mailsettings.testing.dns import DnsFault, FakeZones, host_name, parse_zone
from mailsettings.testing.hosts import ConnectionFate, FakeMachine, Host, PortListener, endpoint_text
from mailsettings.testing.peer import Peer
from mailsettings.testing.recording import Connect, Entry, Line, Recording, Request, Resolve
from mailsettings.testing.stream import FakeStream
from mailsettings.testing.web import PageResponse, Site

# Hosts without an address get one from here on. Documentation ranges are refused by Policy.service(), these are not,
# and no packet ever leaves the process.
FIRST_ADDRESS = IPv4Address("11.0.0.1")
SILENT_MACHINE = FakeMachine(otherwise=ConnectionFate.DROPPED)
UNREACHABLE_MACHINE = FakeMachine(otherwise=ConnectionFate.UNREACHABLE, rtt=0.0)

SYSTEM_CONNECT_TIMEOUT = 127.0  # seconds until Linux gives up a connect: 1 + 2 + 4 … + 64 (tcp_syn_retries = 6)
_KINDS = {
    ConnectionFate.REFUSED: FailureKind.REFUSED,
    ConnectionFate.UNREACHABLE: FailureKind.UNREACHABLE,
    ConnectionFate.DROPPED: FailureKind.CONNECT_TIMEOUT,
}


class FakeNetwork:
    """A network in memory that starts empty: no name exists, and connections to any address time out.

    *rtt* is in seconds and passes once for each DNS answer, TCP connect, TLS handshake, greeting, reply and page.
    *segment* is the most that one `receive` returns, in bytes: 1 cuts everything into single bytes.
    """

    def __init__(self, *, rtt: float = 0.0, segment: int = 65536) -> None:
        self.rtt = rtt
        self.segment = segment
        self.is_offline = False
        self.proxy_fault = ""
        self.ledger = Recording[FakeStream]()
        self.zones = FakeZones()
        self._site = Site(self.ledger)
        self._machines: dict[IPAddress, FakeMachine] = {}
        self._ipv6_works = True

    def transport(self, policy: Policy | None = None) -> FakeTransport:
        """Return a transport into this network; *policy* says how long a DNS question may take."""
        # Loaded by a thread in the middle of a detection (net.network), it would let a virtual clock jump.
        import mailsettings.net.http  # noqa: F401

        return FakeTransport(self, policy)

    # names

    def records(self, name: str, **records: str | Iterable[str]) -> None:
        """Add records to *name* by type: MX="10 mx.example.org", TXT=("one", "two"), SRV="0 1 993 imap.example.org"."""
        for type_, texts in records.items():
            self.zones.add(name, type_, _several(texts))

    def zone(self, text: str) -> None:
        """Add the records of *text*, one a line: absolute name, type, data; `;` begins a comment."""
        for name, type_, data in parse_zone(text):
            self.zones.add(name, type_, (data,))

    def rebind(self, name: str, **records: str | Iterable[str]) -> None:
        """Answer with these records instead, from the second ask on; called again: from the third on."""
        for type_, texts in records.items():
            self.zones.change(name, type_, _several(texts))

    def signed(self, *zones: str) -> None:
        """Answer questions about names in *zones* with the AD bit."""
        self.zones.signed.update(host_name(zone) for zone in zones)

    def servfail(self, name: str = "", type_: str = "") -> None:
        """Fail the question *name* *type_*, without a type all at and below *name*, without a name all."""
        self.zones.faults.append(DnsFault(host_name(name), type_, servfail=True))

    def mute(self, name: str = "", type_: str = "") -> None:
        """Never answer the question *name* *type_*; wider as in `servfail`."""
        self.slow(math.inf, name, type_)

    def slow(self, seconds: float, name: str = "", type_: str = "") -> None:
        """Answer the question *name* *type_* after *seconds* more; wider as in `servfail`."""
        self.zones.faults.append(DnsFault(host_name(name), type_, delay=seconds))

    # hosts

    def host(
        self,
        name: str,
        *addresses: str,
        certificate: Certificate | Iterable[str] | None = None,
        rtt: float | None = None,
    ) -> Host:
        """Return the host *name* at *addresses* (by default a free one), with its A and AAAA records.

        A name that already has addresses, its own or those of a CNAME, keeps them if none are given.
        """
        name = host_name(name)
        existing = self.zones.addresses(name)
        ips = tuple(ip_address(text) for text in addresses or existing) or (self._free_address(),)
        for ip in ips:
            if str(ip) not in existing:
                self.zones.add(name, "A" if ip.version == 4 else "AAAA", (str(ip),))
        machines = tuple(self._machines.setdefault(ip, FakeMachine(rtt=rtt)) for ip in ips)
        return Host(name, machines, self._site, None if certificate is None else fake_certificate(certificate))

    def without_ipv6(self) -> None:
        """Fail all IPv6 connections: there is no route."""
        self._ipv6_works = False

    def offline(self) -> None:
        """Fail everything, DNS included, as without a network."""
        self.is_offline = True

    def proxy_fails(self, seen: str = "it refused the login") -> None:
        """Fail everything as behind a proxy that cannot be used (Policy.proxy); *seen* is what is wrong with it."""
        self.proxy_fault = seen

    def place(self, ip: IPAddress) -> FakeMachine:
        """Return the machine at *ip*; one that drops every connection if there is no host."""
        if self._ipv6_works or isinstance(ip, IPv4Address):
            return self._machines.get(ip, SILENT_MACHINE)
        return UNREACHABLE_MACHINE

    # pages

    def page(
        self,
        url: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        content_type: str = "text/xml",
        headers: Iterable[tuple[str, str]] = (),
        method: str = "",
        delay: float = 0.0,
        drip: float = 0.0,
        endless: bool = False,
    ) -> None:
        """Serve *body* at *url*, on a host of its own if the name has none yet.

        *method*: only for this HTTP method. *delay*: seconds before the response, `math.inf` for none. *drip*: seconds
        before each byte of the body. *endless*: repeat the body for ever.
        """
        data = body.encode() if isinstance(body, str) else body
        self._serve(url, method, PageResponse(status, data, content_type, tuple(headers), delay, drip, endless))

    def redirect(self, url: str, target: str, *, status: int = 302) -> None:
        """Redirect requests for *url* to *target*."""
        self._serve(url, "", PageResponse(status, headers=(("Location", target),)))

    def _serve(self, url: str, method: str, reply: PageResponse) -> None:
        host, port = self._site.add(url, method, reply)
        self.host(host).web(port)

    # what happened

    @property
    def asked(self) -> tuple[Entry, ...]:
        """Everything that was asked of this network, in order."""
        return tuple(self.ledger.calls)

    @property
    def questions(self) -> tuple[str, ...]:
        """The DNS questions: `example.org MX`."""
        return self._texts(Resolve)

    @property
    def connections(self) -> tuple[str, ...]:
        """The TCP connections tried: `192.0.2.10:993`."""
        return self._texts(Connect)

    @property
    def requests(self) -> tuple[str, ...]:
        """The HTTP requests: `GET https://example.org/`."""
        return self._texts(Request)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines sent to servers: `192.0.2.10:993 < a1 CAPABILITY`."""
        return self._texts(Line)

    @property
    def open_streams(self) -> tuple[FakeStream, ...]:
        """The streams that have not been closed yet."""
        return tuple(self.ledger.open.values())

    @property
    def most_open(self) -> int:
        """The most streams that were open at once."""
        return self.ledger.most_open

    @property
    def steps(self) -> int:
        """How many operations there were: `fail_at`, `hang_at` and `cut_at` count them."""
        return self.ledger.steps

    def fail_at(self, step: int, kind: FailureKind) -> None:
        """Make operation *step* (starts at 1) raise NetworkError(*kind*), whatever it is."""
        self.ledger.faults[step] = kind

    def hang_at(self, step: int) -> None:
        """Make operation *step* (starts at 1) never end, whatever it is."""
        self.ledger.hangs.add(step)

    def cut_at(self, step: int) -> None:
        """Make operation *step* (starts at 1), if it is a read, return half of what has arrived, then end of stream."""
        self.ledger.cuts.add(step)

    def _free_address(self) -> IPv4Address:
        return next(ip for ip in map(FIRST_ADDRESS.__add__, count()) if ip not in self._machines)

    def _texts(self, type_: type[Entry]) -> tuple[str, ...]:
        return tuple(str(entry) for entry in self.ledger.calls if isinstance(entry, type_))


def _several(texts: str | Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


class FakeTransport:
    """A fake network as a net.streams.Transport. As with the real one, the caller of connect or TLS sets a timeout."""

    def __init__(self, net: FakeNetwork, policy: Policy | None) -> None:
        self._net = net
        self._dns_lifetime = policy.timeouts.dns_lifetime if policy else math.inf

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def ask(self, question: Question) -> Answer:
        """Answer *question* from the fake zones. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK)."""
        self._net.ledger.record(partial(Resolve, question))
        await self._net.ledger.step()
        self._need_network()
        outcome = self._net.zones.outcome(question)
        seconds = self._net.rtt + outcome.delay
        await anyio.sleep(min(seconds, self._dns_lifetime))
        if seconds > self._dns_lifetime:
            raise NetworkError(FailureKind.DNS_TIMEOUT, f"{question}: nothing within {self._dns_lifetime:g} s")
        if outcome.answer is None:
            raise NetworkError(FailureKind.DNS_FAILED, f"{question}: SERVFAIL")
        return outcome.answer

    async def connect(self, ip: IPAddress, port: int) -> FakeStream:
        """Connect to *ip*:*port*. NetworkError(REFUSED | UNREACHABLE | CONNECT_TIMEOUT | NO_NETWORK)."""
        address = endpoint_text(ip, port)
        self._net.ledger.record(partial(Connect, address))
        await self._net.ledger.step()
        self._need_network()
        machine = self._net.place(ip)
        target = machine.at(port)
        rtt = self._net.rtt if machine.rtt is None else machine.rtt
        if isinstance(target, ConnectionFate):
            await anyio.sleep(SYSTEM_CONNECT_TIMEOUT if target is ConnectionFate.DROPPED else rtt)
            raise NetworkError(_KINDS[target], address)
        await anyio.sleep(rtt)
        return self._stream(address, target, rtt)

    async def aclose(self) -> None:
        """Do nothing: the network keeps its streams, so that a test sees those that were left open."""

    def _stream(self, address: str, listener: PortListener, rtt: float) -> FakeStream:
        return FakeStream(
            address,
            Peer(listener.server.script(listener.host), anyio.current_time(), rtt),
            self._net.ledger,
            certificate_for=listener.certificate_for,
            segment=self._net.segment,
            speaks_lines=listener.server.speaks_lines,
        )

    def _need_network(self) -> None:
        if self._net.is_offline:
            raise NetworkError(FailureKind.NO_NETWORK, "the world has no network")
        if self._net.proxy_fault:
            raise NetworkError(FailureKind.PROXY, f"the proxy: {self._net.proxy_fault}")
