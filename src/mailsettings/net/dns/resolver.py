"""Ask recursive resolvers: over UDP and TCP, TLS (RFC 7858) or HTTPS (RFC 8484).

The waiting is anyio's, so that asyncio and trio, time-outs and cancellation are the same here as everywhere, and
running out of sockets does not look like a silent resolver.
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

BLINK = 0.001  # seconds: less is what a timer is late by, and no answer comes in it
_sockets: RunVar[dict[int, anyio.Semaphore]] = RunVar("mailsettings DNS sockets")


class Resolver:
    """Asks name servers in turn until one answers."""

    def __init__(self, transports: tuple[DNSTransport, ...], policy: Policy, *, trusted: bool) -> None:
        """*trusted*: the AD bit of these servers may be believed, because nobody is on the way or the user says so."""
        self._transports = transports
        self._policy = policy
        self._trusted = trusted

    async def ask(self, question: Question) -> Answer:
        """Raises NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET)."""
        if not self._transports:
            raise NetworkError(FailureKind.NO_NETWORK, "this machine has no name server")
        async with _limit(self._policy.limits.dns_sockets):
            return self._answer(question, await self._response(question))

    def _answer(self, question: Question, response: Response) -> Answer:
        """Return what *response* says."""
        records, aliases = records_of(question, response.rows, self._policy)
        exists, authentic = response.rcode != NXDOMAIN, self._trusted and response.authentic
        return Answer(question, records, exists=exists, authentic=authentic, aliases=aliases)

    async def _response(self, question: Question) -> Response:
        """Ask each server, and those that kept silent again, for as long as we are let."""
        end = anyio.current_time() + self._policy.timeouts.dns_lifetime
        failures: list[NetworkError] = []
        waiting = list(self._transports)
        while waiting:
            silent = []
            for transport in waiting:
                seconds = self._patience(transport, end)
                try:
                    with anyio.move_on_after(seconds):
                        return await _once(transport, question)
                except NetworkError as error:
                    failures.append(error)
                else:
                    silent.append(transport)
            waiting = silent
        raise _summary(failures)

    def _patience(self, transport: DNSTransport, end: float) -> float:
        """Return how many seconds *transport* has. NetworkError(DNS_TIMEOUT) at the *end* of the question's time."""
        left = end - anyio.current_time()
        if left < BLINK:
            seconds = self._policy.timeouts.dns_lifetime
            raise NetworkError(FailureKind.DNS_TIMEOUT, f"no name server answered within {seconds:g} s")
        return min(left, transport.round_trips * self._policy.timeouts.dns_timeout)

    async def aclose(self) -> None:
        """Close what the transports keep open."""
        for transport in self._transports:
            await transport.aclose()


async def _once(transport: DNSTransport, question: Question) -> Response:
    """Ask one server once; one that cannot read EDNS is asked again without (RFC 6891 §7)."""
    response = await transport.exchange(query_of(question))
    if response.rcode in (FORMERR, NOTIMP):
        response = await transport.exchange(query_of(question, edns=False))
    if response.rcode not in (NOERROR, NXDOMAIN):
        detail = Detail.DNSSEC_BOGUS if response.bogus else None
        raise NetworkError(FailureKind.DNS_FAILED, f"the name server says {response.said}", detail=detail)
    return response


def _summary(failures: list[NetworkError]) -> NetworkError:
    """Return the failure that tells most of *failures*: ours first, then what a server said, then silence."""
    if all(failure.kind is FailureKind.UNREACHABLE for failure in failures):
        return failures[0].again(FailureKind.NO_NETWORK, prefix="no way to a name server: ")
    order = (FailureKind.BUDGET, FailureKind.PROXY, FailureKind.DNS_FAILED)
    worst = min(failures, key=lambda failure: order.index(failure.kind) if failure.kind in order else len(order))
    return worst if worst.kind in order else worst.again(FailureKind.DNS_FAILED, prefix="the name server: ")


def _limit(sockets: int) -> anyio.Semaphore:
    """Return the semaphore of this event loop for all who are allowed as many *sockets*."""
    try:
        known = _sockets.get()
    except LookupError:
        _sockets.set(known := {})
    if sockets not in known:
        known[sockets] = anyio.Semaphore(sockets)
    return known[sockets]
