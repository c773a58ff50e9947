"""The one door to the network, as lookups and the engine see it: ask, get, greet."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from mailsettings import wire
from mailsettings.errors import Kind, NetworkError
from mailsettings.model import Endpoint, Failure, Hello, Probe, Protocol, Step
from mailsettings.net.ask import Asker
from mailsettings.net.budget import Budget
from mailsettings.net.dial import Connection, Dialer
from mailsettings.net.once import Once
from mailsettings.net.talk import talk
from mailsettings.net.transport import Transport
from mailsettings.policy import Policy
from mailsettings.records import Answer, Page, Question

if TYPE_CHECKING:
    from mailsettings.net.http import Fetcher


_UNAUTHORIZED = 401


@asynccontextmanager
async def open_net(policy: Policy, transport: Transport | None = None) -> AsyncIterator[Door]:
    """Open the network for one detection: its questions are asked once, its budget is counted once.

    Without *transport* it is the real one, closed at the end; one that is given stays open.
    Raises MailSettingsError if *policy* names a resolver that cannot be understood.
    """
    if transport is not None:
        async with aclosing(Door(policy, transport)) as door:
            yield door
        return
    from mailsettings.net.real import Internet  # noqa: PLC0415 - ssl is not needed for a world in memory

    async with aclosing(Internet(policy)) as internet, aclosing(Door(policy, internet)) as door:
        yield door


class Door:
    """Implements leads.Net over a transport, within a policy."""

    def __init__(self, policy: Policy, transport: Transport) -> None:
        self._policy = policy
        self._budget = Budget(policy)
        self._asker = Asker(transport, self._budget)
        self._dialer = Dialer(transport, policy, asker=self._asker, budget=self._budget)
        self._fetcher: Fetcher | None = None
        self._pages: Once[Hashable, Page] = Once()

    @property
    def policy(self) -> Policy:
        """What this detection may do."""
        return self._policy

    async def ask(self, question: Question) -> Answer:
        """Ask DNS, each question once. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET)."""
        return await self._asker.ask(question)

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
        return await self._pages.get(request, lambda: self._fetch(*request))

    async def _fetch(
        self, url: str, method: str, body: bytes, headers: tuple[tuple[str, str], ...], answers: frozenset[int]
    ) -> Page:
        if self._fetcher is None:
            from mailsettings.net.http import Fetcher  # noqa: PLC0415 - httpx takes 90 ms

            self._fetcher = Fetcher(self._dialer, self._policy, budget=self._budget)
        return await self._fetcher.get(url, method=method, body=body, headers=dict(headers), answers=answers)

    async def greet(self, endpoint: Endpoint, on_step: Callable[[str], None]) -> Probe:
        """Contact a mail server, up to its capabilities inside TLS. What goes wrong is in the probe."""
        if endpoint.protocol is Protocol.JMAP:
            return await self._greet_jmap(endpoint, on_step)
        watch = _Watch(on_step)
        if endpoint.port not in self._policy.mail_ports:
            return Probe(endpoint, failure=Failure(Kind.DENIED, str(endpoint), "the port is not one of mail"))
        try:
            connection = await self._dialer.dial(endpoint.host, endpoint.port, watch.begin)
        except NetworkError as error:
            return Probe(endpoint, failure=Failure(error.kind, str(endpoint), error.seen), steps=watch.steps())
        before = watch.steps()
        async with aclosing(connection.stream):
            return await self._talk(endpoint, connection, before, on_step)

    async def _talk(
        self, endpoint: Endpoint, connection: Connection, before: tuple[Step, ...], on_step: Callable[[str], None]
    ) -> Probe:
        """Speak the endpoint's protocol over *connection*."""
        # Nobody can answer in advance a command whose tag cannot be guessed.
        tag = "".join(secrets.choice(string.ascii_uppercase) for _ in range(8))
        dialogue = wire.dialogue_for(endpoint, policy=self._policy, tag=tag)
        talked = await talk(connection.stream, dialogue, endpoint=endpoint, policy=self._policy, on_step=on_step)
        return Probe(
            endpoint,
            hello=talked.hello,
            failure=talked.failure,
            tls=talked.tls,
            address=str(connection.ip),
            aliases=connection.aliases,
            steps=(*before, *talked.steps),
            notes=connection.notes,
        )

    async def _greet_jmap(self, endpoint: Endpoint, on_step: Callable[[str], None]) -> Probe:
        """Ask for the session object (RFC 8620 §2.2): it, or the wish for a login inside TLS, is the hello."""
        on_step("greeting")
        try:
            page = await self.get(f"https://{endpoint.host}/.well-known/jmap", answers=frozenset({_UNAUTHORIZED}))
        except NetworkError as error:
            return Probe(endpoint, failure=Failure(error.kind, str(endpoint), error.seen))
        tls = self._fetcher.tls_of(endpoint.host) if self._fetcher else None
        said = "asks for a login" if page.status == _UNAUTHORIZED else "session"
        return Probe(endpoint, hello=Hello(f"JMAP: {said}", tls=tls), tls=tls)

    async def aclose(self) -> None:
        """Close every connection that is still open."""
        if self._fetcher is not None:
            await self._fetcher.aclose()


class _Watch:
    """Times the steps of a connection; each lasts until the next begins."""

    def __init__(self, on_step: Callable[[str], None]) -> None:
        self._on_step = on_step
        self._begun: list[tuple[str, float]] = []

    def begin(self, name: str) -> None:
        self._begun.append((name, anyio.current_time()))
        self._on_step(name)

    def steps(self) -> tuple[Step, ...]:
        """Return the steps so far, the last one ending now."""
        ends = (*(at for _, at in self._begun[1:]), anyio.current_time())
        return tuple(Step(name, end - at) for (name, at), end in zip(self._begun, ends, strict=True))
