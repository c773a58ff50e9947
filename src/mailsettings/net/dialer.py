"""The dialer: resolve a host, check every address against the policy, connect by happy eyeballs.

Connections to servers are opened nowhere else.

    host ──parse_host──▶ name ──ask──▶ addresses ──Policy.objection──▶ targets ──race──▶ connection

The dialer connects to the address that was checked and never resolves the name again: a second answer could differ
(DNS rebinding).
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import anyio

from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.events import ignore
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import Answer
from mailsettings.model import Endpoint, Note, Question, Step
from mailsettings.net.cache import SingleFlight
from mailsettings.net.happy_eyeballs import alternate, race
from mailsettings.net.limiter import Budget, Resource
from mailsettings.net.streams import ReleasingStream, Stream, Transport
from mailsettings.policy import IPAddress, Policy

OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a host, in the order to try them."""

    ips: tuple[IPAddress, ...]
    aliases: tuple[str, ...] = ()
    authentic: bool = False  # every answer used was validated by DNSSEC


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection; the caller closes its stream."""

    stream: Stream
    ip: IPAddress
    aliases: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class CachedResolver:
    """Asks the transport's resolver, each question once, within the budget."""

    def __init__(self, transport: Transport, budget: Budget) -> None:
        self._transport = transport
        self._budget = budget
        self._answers: SingleFlight[Question, Answer] = SingleFlight()

    async def ask(self, question: Question) -> Answer:
        """Return the answer. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET), cached like an answer."""
        return await self._answers.get(question, lambda _: self._ask(question))

    def find(self, question: Question) -> Answer | None:
        """Return the cached answer; None if there is none."""
        return self._answers.find(question)

    async def _ask(self, question: Question) -> Answer:
        self._budget.spend(Resource.DNS)
        return await self._transport.ask(question)


class Dialer:
    """Connects to hosts within a policy and a budget."""

    def __init__(self, transport: Transport, policy: Policy, *, resolver: CachedResolver, budget: Budget) -> None:
        self._transport = transport
        self._policy = policy
        self._resolver = resolver
        self._budget = budget
        self._failed: dict[tuple[IPAddress, int], NetworkError] = {}  # not contacted again

    async def dial(self, host: str, port: int, on_step: OnStep = ignore) -> Connection:
        """Connect to *host*.

        Raises NetworkError: DENIED for names and addresses the policy does not allow, NO_SUCH_NAME, NO_ADDRESS, DNS_…,
        BUDGET, and the failures of connecting: REFUSED, UNREACHABLE, CONNECT_TIMEOUT, CLOSED.
        """
        name = _checked(host)
        self._budget.count_host(name)
        on_step(Step.RESOLVE)
        addresses = await self.resolve(name)
        return await self._dial(addresses, self._allowed(addresses.ips, port), port, on_step)

    async def dial_server(self, endpoint: Endpoint, on_step: OnStep = ignore) -> Connection:
        """Connect to a mail server, which may have an unusual port, or be one that only the user can have named."""
        own = not endpoint.is_public
        if own and not self._policy.allow_private:
            raise NetworkError(FailureKind.DENIED, f"{endpoint.host!r} is not a public host")
        self._budget.count_host(endpoint.host)
        on_step(Step.RESOLVE)
        addresses = await (self._resolve_own(endpoint.host) if own else self.resolve(endpoint.host))
        targets = self._allowed(addresses.ips, endpoint.port, mail=True, own=own)
        return await self._dial(addresses, targets, endpoint.port, on_step)

    async def _dial(
        self, addresses: Addresses, targets: tuple[IPAddress, ...], port: int, on_step: OnStep
    ) -> Connection:
        def connect(ip: IPAddress) -> Awaitable[Stream]:
            return self._connect(ip, port, on_step if ip == targets[0] else ignore)

        winner = await race(targets, connect, self._policy.timeouts.connection_attempt_delay)
        return Connection(winner.stream, winner.ip, addresses.aliases, winner.notes)

    async def resolve(self, host: str) -> Addresses:
        """Ask for A and AAAA of *host* in parallel; a late AAAA answer is not waited for long (RFC 8305 §3)."""
        cached = {rdtype: self._resolver.find(Question(host, rdtype)) for rdtype in ("A", "AAAA")}
        answers = {rdtype: answer for rdtype, answer in cached.items() if answer is not None}
        failures: dict[str, NetworkError] = {}

        async def look_up(rdtype: str) -> None:
            try:
                answers[rdtype] = await self._resolver.ask(Question(host, rdtype))
            except NetworkError as error:
                failures[rdtype] = error

        # Names are resolved again and again, and starting tasks would cost more than everything else here.
        if len(answers) < len(cached):
            async with anyio.create_task_group() as group:
                group.start_soon(look_up, "AAAA")
                await look_up("A")
                if answer := answers.get("A"):
                    group.cancel_scope.deadline = anyio.current_time() + self._grace(answer)
        return _addresses(answers, failures, self._policy.limits.max_addresses)

    async def _resolve_own(self, host: str) -> Addresses:
        """Return the addresses of a host of the user's own network: only the system knows them (hosts file, mDNS)."""
        if host == "localhost":  # RFC 6761 §6.3
            return Addresses((IPv4Address("127.0.0.1"), IPv6Address("::1")))
        with suppress(ValueError):
            return Addresses((ip_address(host),))
        if self._policy.proxy is not None and not self._policy.dns_past_proxy:
            raise NetworkError(FailureKind.DENIED, f"{host!r} is a name of this network, which the proxy does not know")
        return Addresses(await _system_addresses(host, self._policy.timeouts.dns_lifetime))

    def _grace(self, answer: Answer) -> float:
        """Return how many seconds to wait for AAAA after *answer* to A has arrived (RFC 8305: resolution delay)."""
        if not answer.exists:
            return 0.0  # NXDOMAIN holds for every type
        return self._policy.timeouts.resolution_delay if answer.records else float("inf")

    def _allowed(
        self, ips: tuple[IPAddress, ...], port: int, *, mail: bool = False, own: bool = False
    ) -> tuple[IPAddress, ...]:
        """Return those of *ips* that may be contacted. NetworkError(DENIED) if none may."""
        objections = {ip: self._policy.objection(ip, port, mail=mail, own=own) for ip in ips}
        if all(objections.values()):
            # A reason that all addresses share, such as the port, is given once.
            reasons = dict.fromkeys(reason for reason in objections.values() if reason)
            raise NetworkError(FailureKind.DENIED, "; ".join(reasons))
        return tuple(ip for ip, objection in objections.items() if objection is None)

    async def _connect(self, ip: IPAddress, port: int, on_step: OnStep) -> Stream:
        """Connect to *ip* as soon as it has a free slot; the wait for the slot does not count towards the timeout."""
        self._refuse_retry(ip, port)
        waiting = self._budget.is_full(ip)
        on_step(Step.WAIT if waiting else Step.CONNECT)
        slot = await self._budget.acquire(ip)
        if waiting:
            on_step(Step.CONNECT)
        with ExitStack() as undo:
            undo.callback(slot.release)
            self._refuse_retry(ip, port)
            try:
                stream = await self._open(ip, port)
            except NetworkError as error:
                if error.kind is not FailureKind.PROXY:  # that says nothing about this port
                    self._failed[ip, port] = error.again()
                raise
            undo.pop_all()
        slot.mark_answered()
        return ReleasingStream(stream, slot.release)

    def _refuse_retry(self, ip: IPAddress, port: int) -> None:
        """Raise the earlier failure of *ip*:*port*: it is not retried, however many names lead to it."""
        if (failure := self._failed.get((ip, port))) is not None:
            raise failure.again()

    async def _open(self, ip: IPAddress, port: int) -> Stream:
        try:
            with anyio.fail_after(self._policy.time_to_connect):
                return await self._transport.connect(ip, port)
        except TimeoutError as error:
            seconds = self._policy.time_to_connect
            raise NetworkError(FailureKind.CONNECT_TIMEOUT, f"no answer within {seconds:g} s") from error


def _checked(host: str) -> str:
    """Return *host* as a valid host name. NetworkError(DENIED) if it is none."""
    try:
        return parse_host(host)
    except AddressError as error:
        raise NetworkError(FailureKind.DENIED, str(error)) from error


async def _system_addresses(host: str, seconds: float) -> tuple[IPAddress, ...]:
    """Return what the system's own resolver says of *host*, within *seconds*. NetworkError."""
    try:
        with anyio.fail_after(seconds):
            found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise NetworkError(FailureKind.DNS_TIMEOUT, f"the system gave no answer within {seconds:g} s") from error
    except (OSError, UnicodeError) as error:
        raise NetworkError(FailureKind.NO_SUCH_NAME, "the system knows no such name") from error
    return tuple(dict.fromkeys(ip_address(each[4][0].partition("%")[0]) for each in found))


def _addresses(answers: dict[str, Answer], failures: dict[str, NetworkError], limit: int) -> Addresses:
    """Combine the answers to A and AAAA, at most *limit* addresses. NetworkError if there is none."""
    useful = [answer for answer in answers.values() if answer.records]
    if not useful:
        raise _no_address(answers, failures)
    ips = alternate(ip_address(str(record)) for answer in useful for record in answer.records)
    authentic = all(answer.authentic for answer in useful)
    return Addresses(ips[:limit], useful[0].aliases, authentic)


def _no_address(answers: dict[str, Answer], failures: dict[str, NetworkError]) -> NetworkError:
    """Return the error for a host without addresses: no such name, a failed query, or no record of either type."""
    if any(not answer.exists for answer in answers.values()):
        return NetworkError(FailureKind.NO_SUCH_NAME, "there is no such name")
    for rdtype in ("A", "AAAA"):
        if rdtype in failures:
            return failures[rdtype]
    return NetworkError(FailureKind.NO_ADDRESS, "the name exists, but has no address")
