"""The network facade of one detection: DNS, documents, probes, inspections, logins."""

from __future__ import annotations

import os
import string
import sys
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from mailsettings import protocols
from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.events import ignore
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import Answer, Page
from mailsettings.model import Endpoint, Failure, Probe, Protocol, Question, Step, Timing, TLSFacts
from mailsettings.net.cache import SingleFlight
from mailsettings.net.dialer import CachedResolver, Connection, Dialer
from mailsettings.net.jmap_probe import probe_jmap
from mailsettings.net.limiter import AddressLimiters, Budget
from mailsettings.net.session import run_session
from mailsettings.net.streams import Transport
from mailsettings.observations import Inspection
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Dialogue, refuse_preauth

if TYPE_CHECKING:
    from mailsettings.net.http import Fetcher


Opener = Callable[[Endpoint, str], Dialogue]  # returns the dialogue for an endpoint, given a tag for IMAP
_HTTP = "mailsettings.net.http"


def _system_time() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_network(
    policy: Policy,
    transport: Transport | None = None,
    *,
    limiters: AddressLimiters | None = None,
    clock: Callable[[], datetime] = _system_time,
) -> AsyncIterator[Network]:
    """Open the network for one detection, with its own caches and budget.

    *transport* is the Internet by default; one that is passed in is not closed. *limiters* limit connections per
    address across all detections that share them. *clock* returns the time that certificates are compared with.
    Raises MailSettingsError if *policy* names an invalid resolver.
    """
    if transport is not None:
        async with aclosing(Network(policy, transport, limiters, clock)) as network:
            yield network
        return
    from mailsettings.net.internet import Internet

    async with aclosing(Internet(policy)) as internet, aclosing(Network(policy, internet, limiters, clock)) as network:
        yield network


class Network:
    """Implements the interfaces Net, Prober and Inspector over a transport, within a policy."""

    def __init__(
        self,
        policy: Policy,
        transport: Transport,
        limiters: AddressLimiters | None = None,
        clock: Callable[[], datetime] = _system_time,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._budget = Budget(policy, limiters)
        self._resolver = CachedResolver(transport, self._budget)
        self._dialer = Dialer(transport, policy, resolver=self._resolver, budget=self._budget)
        self._fetcher: Fetcher | None = None
        self._pages: SingleFlight[Hashable, Page] = SingleFlight()
        self._modules: SingleFlight[str, ModuleType] = SingleFlight()

    @property
    def policy(self) -> Policy:
        """The policy of this detection."""
        return self._policy

    async def ask(self, question: Question) -> Answer:
        """Query DNS, with a cache. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET)."""
        return await self._resolver.ask(question)

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the IPv6 and IPv4 addresses of *host*, queried in parallel. NetworkError if it has none."""
        return tuple(str(ip) for ip in (await self._dialer.resolve(host)).ips)

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        """Fetch a document, with a cache; see net.http.Fetcher.get."""
        request = (url, method, body, headers, answers)
        return await self._pages.get(request, lambda _: self._fetch(*request))

    async def _fetch(
        self, url: str, method: str, body: bytes, headers: tuple[tuple[str, str], ...], answers: frozenset[int]
    ) -> Page:
        if host := _host_of(url):
            # Most domains have no such host, and loading httpx takes ten times as long as finding that out.
            await self._dialer.resolve(host)
        await self._modules.get(_HTTP, lambda _: _load(_HTTP))
        if self._fetcher is None:
            from mailsettings.net.http import Fetcher

            self._fetcher = Fetcher(self._dialer, self._policy, budget=self._budget)
        return await self._fetcher.get(url, method=method, body=body, headers=dict(headers), answers=answers)

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Probe a mail server up to its capabilities inside TLS. Failures are returned in the probe."""
        if endpoint.protocol is Protocol.JMAP:
            return await probe_jmap(endpoint, self, self._tls_of, on_step)
        return await self._contact(endpoint, on_step, self._greeting)

    async def _contact(self, endpoint: Endpoint, on_step: Callable[[Step], None], opener: Opener) -> Probe:
        """Connect to a mail server and run the dialogue that *opener* returns."""
        timer = _StepTimer(on_step)
        if endpoint.port not in self._policy.mail_ports:
            return Probe(endpoint, failure=Failure(FailureKind.DENIED, endpoint, "the port is not one of mail"))
        try:
            connection = await self._dialer.dial(endpoint.host, endpoint.port, timer.begin)
        except NetworkError as error:
            return Probe(endpoint, failure=Failure.of(endpoint, error), steps=timer.steps())
        dialling = timer.steps()
        async with aclosing(connection.stream):
            return await self._run_dialogue(endpoint, connection, dialling, on_step, opener)

    async def inspect(self, endpoint: Endpoint) -> Inspection:
        """Inspect a server that failed, for diagnosis only: see net.inspection. Failures are returned in the result."""
        from mailsettings.net.inspection import inspect_server

        if endpoint.port not in self._policy.mail_ports:
            return Inspection(endpoint, failure=Failure(FailureKind.DENIED, endpoint, "the port is not one of mail"))
        try:
            connection = await self._dialer.dial(endpoint.host, endpoint.port)
        except NetworkError as error:
            return Inspection(endpoint, failure=Failure.of(endpoint, error))
        async with aclosing(connection.stream):
            return await inspect_server(connection.stream, endpoint, self._greeting(endpoint, _tag()), self._policy)

    async def reach(self, host: str, port: int) -> bool:
        """Return whether *host* accepts a connection to *port*, which is closed at once."""
        try:
            connection = await self._dialer.dial(host, port)
        except NetworkError:
            return False
        await connection.stream.aclose()
        return True

    def now(self) -> datetime:
        """Return the current time by this machine's clock."""
        return self._clock()

    @property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """Hosts with a verified certificate, each with the value of its last HTTP Date header."""
        return tuple(self._fetcher.dates.items()) if self._fetcher else ()

    async def log_in(self, endpoint: Endpoint, dialogue: Opener) -> Probe:
        """Connect to a mail server and run *dialogue*, which may log in; its result is the probe's hello.

        The caller has decided that a password may be sent to *endpoint* (login.verify); TLS and the certificate's
        name are verified here again.
        """
        return await self._contact(endpoint, ignore, dialogue)

    def _greeting(self, endpoint: Endpoint, tag: str) -> Dialogue:
        return protocols.dialogue_for(endpoint, policy=self._policy, tag=tag)

    async def _run_dialogue(
        self,
        endpoint: Endpoint,
        connection: Connection,
        dialling: tuple[Timing, ...],
        on_step: Callable[[Step], None],
        opener: Opener,
    ) -> Probe:
        """Run the dialogue of *opener* over *connection*, which took the steps *dialling* to open."""
        dialogue = opener(endpoint, _tag())
        result = await run_session(connection.stream, dialogue, endpoint=endpoint, policy=self._policy, on_step=on_step)
        probe = Probe(
            endpoint,
            hello=result.hello,
            failure=result.failure,
            tls=result.tls,
            address=str(connection.ip),
            aliases=connection.aliases,
            own_names=result.own_names,
            steps=(*dialling, *result.steps),
            notes=connection.notes,
        )
        return _without_preauth(probe)

    def _tls_of(self, host: str) -> TLSFacts | None:
        """Return the TLS facts of the last document fetched from *host*."""
        return self._fetcher.tls_of(host) if self._fetcher else None

    async def aclose(self) -> None:
        """Close all connections that are still open."""
        if self._fetcher is not None:
            await self._fetcher.aclose()


def _without_preauth(probe: Probe) -> Probe:
    """Return *probe*; as a failure, with the notes of its hello, if the server counts as logged in already."""
    if probe.hello is None:
        return probe
    try:
        refuse_preauth(probe.hello)
    except NetworkError as error:
        notes = (*probe.notes, *probe.hello.notes)
        return replace(probe, hello=None, failure=Failure.of(probe.endpoint, error), notes=notes)
    return probe


async def _load(module: str) -> ModuleType:
    """Return *module*, imported in a thread while queries and connections are in progress.

    An autojump clock takes a task that waits for a thread to be idle: mailsettings.testing imports these modules first.
    """
    if (loaded := sys.modules.get(module)) is not None:
        return loaded
    return await anyio.to_thread.run_sync(import_module, module, abandon_on_cancel=True)


def _tag() -> str:
    """Return a random tag for IMAP: a reply cannot be injected before its command if the tag cannot be guessed."""
    return "".join(string.ascii_uppercase[byte % 26] for byte in os.urandom(8))


def _host_of(url: str) -> str:
    """Return the host of *url*; empty if it is invalid, which the fetcher reports."""
    try:
        return parse_host(urlsplit(url).hostname or "")
    except (AddressError, ValueError):
        return ""


class _StepTimer:
    """Times the steps of a connection; each lasts until the next begins."""

    def __init__(self, on_step: Callable[[Step], None]) -> None:
        self._on_step = on_step
        self._begun: list[tuple[Step, float]] = []

    def begin(self, step: Step) -> None:
        self._begun.append((step, anyio.current_time()))
        self._on_step(step)

    def steps(self) -> tuple[Timing, ...]:
        """Return the steps so far, the last one ending now."""
        ends = (*(at for _, at in self._begun[1:]), anyio.current_time())
        # Not strict: if the host budget was exhausted, no step began and none ends.
        return tuple(Timing(step, end - at) for (step, at), end in zip(self._begun, ends, strict=False))
