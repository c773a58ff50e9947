"""From a host name to a connection: resolve, check every address, race those that passed. The only way out.

    host ──parse_host──▶ name ──ask──▶ addresses ──Policy.objection──▶ targets ──race──▶ connection

What is dialled is the address that was checked, never the name again: a second answer could be another one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

import anyio

from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.events import ignore
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import Answer
from mailsettings.model import Note, Question, Step
from mailsettings.net.cache import SingleFlight
from mailsettings.net.happy_eyeballs import alternate, race
from mailsettings.net.limiter import Budget, Resource
from mailsettings.net.streams import ReleasingStream, Stream, Transport
from mailsettings.policy import IPAddress, Policy

OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a host is: addresses in the order to try them."""

    ips: tuple[IPAddress, ...]
    aliases: tuple[str, ...] = ()
    authentic: bool = False  # every answer that counted was signed


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection; whoever holds it closes its stream."""

    stream: Stream
    ip: IPAddress
    aliases: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class CachedResolver:
    """Asks the transport's resolver."""

    def __init__(self, transport: Transport, budget: Budget) -> None:
        self._transport = transport
        self._budget = budget
        self._answers: SingleFlight[Question, Answer] = SingleFlight()

    async def ask(self, question: Question) -> Answer:
        """Return the answer. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET), the same to all who ask."""
        return await self._answers.get(question, lambda _: self._ask(question))

    def find(self, question: Question) -> Answer | None:
        """Return the answer if it is here already."""
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
        self._closed: dict[tuple[IPAddress, int], NetworkError] = {}  # where a connection failed

    async def dial(self, host: str, port: int, on_step: OnStep = ignore) -> Connection:
        """Connect to *host*.

        Raises NetworkError: DENIED for names and addresses the policy does not allow, NO_SUCH_NAME, NO_ADDRESS, DNS_…,
        BUDGET, and what connecting brings: REFUSED, UNREACHABLE, CONNECT_TIMEOUT, CLOSED.
        """
        name = _checked(host)
        self._budget.count_host(name)
        on_step(Step.RESOLVE)
        addresses = await self.resolve(name)
        targets = self._allowed(addresses.ips, port)

        def connect(ip: IPAddress) -> Awaitable[Stream]:
            return self._connect(ip, port, on_step if ip == targets[0] else ignore)

        won = await race(targets, connect, self._policy.timeouts.connection_attempt_delay)
        return Connection(won.stream, won.ip, addresses.aliases, won.notes)

    async def resolve(self, host: str) -> Addresses:
        """Ask for IPv4 and IPv6 addresses of *host* at once; late IPv6 is not waited for long (RFC 8305 §3)."""
        known = {rdtype: self._resolver.find(Question(host, rdtype)) for rdtype in ("A", "AAAA")}
        answers = {rdtype: answer for rdtype, answer in known.items() if answer is not None}
        failures: dict[str, NetworkError] = {}

        async def look_up(rdtype: str) -> None:
            try:
                answers[rdtype] = await self._resolver.ask(Question(host, rdtype))
            except NetworkError as error:
                failures[rdtype] = error

        # A task for each question costs more than all the rest here: names are looked up again and again.
        if len(answers) < len(known):
            async with anyio.create_task_group() as group:
                group.start_soon(look_up, "AAAA")
                await look_up("A")
                if answer := answers.get("A"):
                    group.cancel_scope.deadline = anyio.current_time() + self._grace(answer)
        return _addresses(answers, failures, self._policy.limits.max_addresses)

    def _grace(self, answer: Answer) -> float:
        """Say how many seconds an AAAA answer is still waited for when *answer* is that to A."""
        if not answer.exists:
            return 0.0  # there is no such name, of whatever type
        return self._policy.timeouts.resolution_delay if answer.records else float("inf")

    def _allowed(self, ips: tuple[IPAddress, ...], port: int) -> tuple[IPAddress, ...]:
        """Return those of *ips* that may be contacted. NetworkError(DENIED) if none may."""
        objections = {ip: self._policy.objection(ip, port) for ip in ips}
        if all(objections.values()):
            # One reason for all, as for a port, is said once.
            reasons = dict.fromkeys(reason for reason in objections.values() if reason)
            raise NetworkError(FailureKind.DENIED, "; ".join(reasons))
        return tuple(ip for ip, objection in objections.items() if objection is None)

    async def _connect(self, ip: IPAddress, port: int, on_step: OnStep) -> Stream:
        """Connect to *ip* when the budget lets us; waiting for that is not part of the time-out."""
        self._check_open(ip, port)
        waiting = self._budget.is_full(ip)
        on_step(Step.WAIT if waiting else Step.CONNECT)
        permit = await self._budget.permit(ip)
        if waiting:
            on_step(Step.CONNECT)
        with ExitStack() as undo:
            undo.callback(permit.release)
            self._check_open(ip, port)
            try:
                stream = await self._open(ip, port)
            except NetworkError as error:
                if error.kind is not FailureKind.PROXY:  # that says nothing about this port
                    self._closed[ip, port] = error.again()
                raise
            undo.pop_all()
        permit.answered()
        return ReleasingStream(stream, permit.release)

    def _check_open(self, ip: IPAddress, port: int) -> None:
        """Do not connect again where a connection failed, however many names it has."""
        if (closed := self._closed.get((ip, port))) is not None:
            raise closed.again()

    async def _open(self, ip: IPAddress, port: int) -> Stream:
        try:
            with anyio.fail_after(self._policy.time_to_connect):
                return await self._transport.connect(ip, port)
        except TimeoutError as error:
            seconds = self._policy.time_to_connect
            raise NetworkError(FailureKind.CONNECT_TIMEOUT, f"no answer within {seconds:g} s") from error


def _checked(host: str) -> str:
    """Return *host* as a name that may be asked for. NetworkError(DENIED) if it is none."""
    try:
        return parse_host(host)
    except AddressError as error:
        raise NetworkError(FailureKind.DENIED, str(error)) from error


def _addresses(answers: dict[str, Answer], failures: dict[str, NetworkError], most: int) -> Addresses:
    """Put the answers to A and AAAA together. NetworkError if there is no address in them."""
    useful = [answer for answer in answers.values() if answer.records]
    if not useful:
        raise _no_address(answers, failures)
    ips = alternate(ip_address(str(record)) for answer in useful for record in answer.records)
    authentic = all(answer.authentic for answer in useful)
    return Addresses(ips[:most], useful[0].aliases, authentic)


def _no_address(answers: dict[str, Answer], failures: dict[str, NetworkError]) -> NetworkError:
    """Say why there is no address: no such name, a question that failed, or no record of either type."""
    if any(not answer.exists for answer in answers.values()):
        return NetworkError(FailureKind.NO_SUCH_NAME, "there is no such name")
    for rdtype in ("A", "AAAA"):
        if rdtype in failures:
            return failures[rdtype]
    return NetworkError(FailureKind.NO_ADDRESS, "the name exists, but has no address")
