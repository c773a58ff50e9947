"""A stub resolver: query recursive resolvers over Do53 (UDP and TCP), DoT (RFC 7858) or DoH (RFC 8484).

Waiting is left to anyio: asyncio and trio, timeouts and cancellation work as everywhere, and running out of sockets
does not look like a resolver that times out.
"""

from __future__ import annotations

import anyio
from anyio.lowlevel import RunVar

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.dns.message import FORMERR, NOERROR, NOTIMP, NXDOMAIN, Response, query_of
from mailsettings.net.dns.records import records_of
from mailsettings.net.dns.transports import DNSTransport
from mailsettings.policy import Policy

MIN_TIMEOUT = 0.001  # seconds: timers are late by as much, and no answer arrives within less
_sockets: RunVar[dict[int, anyio.Semaphore]] = RunVar("mailsettings DNS sockets")


class Resolver:
    """Queries name servers one after the other until one answers."""

    def __init__(self, transports: tuple[DNSTransport, ...], policy: Policy, *, trusted: bool) -> None:
        """*trusted*: the AD bit counts, because TLS protects it or the user says that the resolver validates."""
        self._transports = transports
        self._policy = policy
        self._trusted = trusted

    async def ask(self, question: Question) -> Answer:
        """Return the answer. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET)."""
        if not self._transports:
            raise NetworkError(FailureKind.NO_NETWORK, "this machine has no name server")
        async with _socket_limit(self._policy.limits.dns_sockets):
            return self._answer(question, await self._response(question))

    def _answer(self, question: Question, response: Response) -> Answer:
        """Return *response* as the answer to *question*."""
        records, aliases = records_of(question, response.records, self._policy)
        exists, authentic = response.rcode != NXDOMAIN, self._trusted and response.authentic
        return Answer(question, records, exists=exists, authentic=authentic, aliases=aliases)

    async def _response(self, question: Question) -> Response:
        """Query each server, and those that timed out again, until `dns_lifetime` is over."""
        end = anyio.current_time() + self._policy.timeouts.dns_lifetime
        failures: list[NetworkError] = []
        remaining = list(self._transports)
        while remaining:
            timed_out = []
            for transport in remaining:
                seconds = self._timeout(transport, end)
                try:
                    with anyio.move_on_after(seconds):
                        return await _query(transport, question)
                except NetworkError as error:
                    failures.append(error)
                else:
                    timed_out.append(transport)
            remaining = timed_out
        raise _summary(failures)

    def _timeout(self, transport: DNSTransport, end: float) -> float:
        """Return the timeout for *transport* in seconds. NetworkError(DNS_TIMEOUT) if the time *end* has come."""
        left = end - anyio.current_time()
        if left < MIN_TIMEOUT:
            seconds = self._policy.timeouts.dns_lifetime
            raise NetworkError(FailureKind.DNS_TIMEOUT, f"no name server answered within {seconds:g} s")
        return min(left, transport.round_trips * self._policy.timeouts.dns_timeout)

    async def aclose(self) -> None:
        """Close the transports' connections."""
        for transport in self._transports:
            await transport.aclose()


async def _query(transport: DNSTransport, question: Question) -> Response:
    """Query one server; retry without EDNS if it does not support that (RFC 6891 §7)."""
    response = await transport.exchange(query_of(question))
    if response.rcode in (FORMERR, NOTIMP):
        response = await transport.exchange(query_of(question, edns=False))
    if response.rcode not in (NOERROR, NXDOMAIN):
        detail = Detail.DNSSEC_BOGUS if response.bogus else None
        raise NetworkError(FailureKind.DNS_FAILED, f"the name server says {response.error}", detail=detail)
    return response


def _summary(failures: list[NetworkError]) -> NetworkError:
    """Return the most informative of *failures*: our own first, then a server's, then timeouts."""
    if all(failure.kind is FailureKind.UNREACHABLE for failure in failures):
        return failures[0].again(FailureKind.NO_NETWORK, prefix="no way to a name server: ")
    order = (FailureKind.BUDGET, FailureKind.PROXY, FailureKind.DNS_FAILED)
    best = min(failures, key=lambda failure: order.index(failure.kind) if failure.kind in order else len(order))
    return best if best.kind in order else best.again(FailureKind.DNS_FAILED, prefix="the name server: ")


def _socket_limit(sockets: int) -> anyio.Semaphore:
    """Return the semaphore of this event loop that all resolvers with a limit of *sockets* share."""
    try:
        semaphores = _sockets.get()
    except LookupError:
        _sockets.set(semaphores := {})
    if sockets not in semaphores:
        semaphores[sockets] = anyio.Semaphore(sockets)
    return semaphores[sockets]
