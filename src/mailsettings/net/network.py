"""The network of one detection: ask, resolve, get, greet, inspect, log in."""

from __future__ import annotations

import os
import string
import sys
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
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
from mailsettings.protocols.dialogue import Dialogue

if TYPE_CHECKING:
    from mailsettings.net.http import Fetcher


Opener = Callable[[Endpoint, str], Dialogue]  # the dialogue to carry on at an endpoint, given a tag for IMAP
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
    """Open the network for one detection: its questions are asked once, its budget is counted once.

    Without *transport* it is the real one, closed at the end; one that is given stays open. *limiters* limit
    connections to one address over all detections that share them. *clock* tells the date, which certificates are
    compared with. Raises MailSettingsError if *policy* names a resolver that cannot be understood.
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
        """What this detection may do."""
        return self._policy

    async def ask(self, question: Question) -> Answer:
        """Ask DNS, each question once. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET)."""
        return await self._resolver.ask(question)

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of *host*, IPv4 and IPv6 asked at once. NetworkError if it has none."""
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
        """Fetch a document, the same one once, see net.http.Fetcher.get."""
        request = (url, method, body, headers, answers)
        return await self._pages.get(request, lambda _: self._fetch(*request))

    async def _fetch(
        self, url: str, method: str, body: bytes, headers: tuple[tuple[str, str], ...], answers: frozenset[int]
    ) -> Page:
        if host := _host_of(url):
            # Most domains have no such host, and httpx costs ten times what it takes to find that out.
            await self._dialer.resolve(host)
        await self._modules.get(_HTTP, lambda _: _load(_HTTP))
        if self._fetcher is None:
            from mailsettings.net.http import Fetcher

            self._fetcher = Fetcher(self._dialer, self._policy, budget=self._budget)
        return await self._fetcher.get(url, method=method, body=body, headers=dict(headers), answers=answers)

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact a mail server, up to its capabilities inside TLS. What goes wrong is in the probe."""
        if endpoint.protocol is Protocol.JMAP:
            return await probe_jmap(endpoint, self, self._tls_of, on_step)
        return await self._contact(endpoint, on_step, self._greeting)

    async def _contact(self, endpoint: Endpoint, on_step: Callable[[Step], None], opener: Opener) -> Probe:
        """Connect to a mail server and carry on there the dialogue that *opener* returns."""
        watch = _Watch(on_step)
        if endpoint.port not in self._policy.mail_ports:
            return Probe(endpoint, failure=Failure(FailureKind.DENIED, endpoint, "the port is not one of mail"))
        try:
            connection = await self._dialer.dial(endpoint.host, endpoint.port, watch.begin)
        except NetworkError as error:
            return Probe(endpoint, failure=Failure.of(endpoint, error), steps=watch.steps())
        before = watch.steps()
        async with aclosing(connection.stream):
            return await self._talk(endpoint, connection, before, on_step, opener)

    async def inspect(self, endpoint: Endpoint) -> Inspection:
        """Look at a server that has failed, for diagnosis only: see net.inspection. What goes wrong is in the look."""
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
        """Say whether *host* accepts a connection to *port*; it is closed at once."""
        try:
            connection = await self._dialer.dial(host, port)
        except NetworkError:
            return False
        await connection.stream.aclose()
        return True

    def now(self) -> datetime:
        """Return what time it is, by this machine's clock."""
        return self._clock()

    @property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """The date that each web server said whose certificate was verified, in the words of HTTP."""
        return tuple(self._fetcher.dates.items()) if self._fetcher else ()

    async def log_in(self, endpoint: Endpoint, dialogue: Opener) -> Probe:
        """Contact a mail server and carry *dialogue* on there, which may log in; what came of it is the probe's hello.

        Whether a password may go to *endpoint* has been decided before (login.verify); TLS and the certificate's name
        are checked here again.
        """
        return await self._contact(endpoint, ignore, dialogue)

    def _greeting(self, endpoint: Endpoint, tag: str) -> Dialogue:
        return protocols.dialogue_for(endpoint, policy=self._policy, tag=tag)

    async def _talk(
        self,
        endpoint: Endpoint,
        connection: Connection,
        before: tuple[Timing, ...],
        on_step: Callable[[Step], None],
        opener: Opener,
    ) -> Probe:
        """Speak the endpoint's protocol over *connection*."""
        dialogue = opener(endpoint, _tag())
        result = await run_session(connection.stream, dialogue, endpoint=endpoint, policy=self._policy, on_step=on_step)
        return Probe(
            endpoint,
            hello=result.hello,
            failure=result.failure,
            tls=result.tls,
            address=str(connection.ip),
            aliases=connection.aliases,
            steps=(*before, *result.steps),
            notes=connection.notes,
        )

    def _tls_of(self, host: str) -> TLSFacts | None:
        """Return what TLS showed when a document was last fetched from *host*."""
        return self._fetcher.tls_of(host) if self._fetcher else None

    async def aclose(self) -> None:
        """Close every connection that is still open."""
        if self._fetcher is not None:
            await self._fetcher.aclose()


async def _load(module: str) -> ModuleType:
    """Return *module*, loaded in a thread while questions and connections are under way.

    A jumping clock takes a task that waits for a thread for idle: mailsettings.testing has such modules loaded before.
    """
    if (loaded := sys.modules.get(module)) is not None:
        return loaded
    return await anyio.to_thread.run_sync(import_module, module, abandon_on_cancel=True)


def _tag() -> str:
    """Return a tag for IMAP: nobody can answer in advance a command whose tag cannot be guessed."""
    return "".join(string.ascii_uppercase[byte % 26] for byte in os.urandom(8))


def _host_of(url: str) -> str:
    """Return the host of *url*; empty where the fetcher has to say what is wrong with it."""
    try:
        return parse_host(urlsplit(url).hostname or "")
    except (AddressError, ValueError):
        return ""


class _Watch:
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
        # Not strict: where the budget had no host left, no step was begun, and none ends.
        return tuple(Timing(step, end - at) for (step, at), end in zip(self._begun, ends, strict=False))
