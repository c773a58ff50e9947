"""Happy Eyeballs (RFC 8305): start connections to a host's addresses 250 ms apart and use the first that succeeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Note, NoteKind
from mailsettings.net.streams import Stream
from mailsettings.policy import IPAddress

# Which of several failures is reported, most informative first.
_MOST_INFORMATIVE = (
    FailureKind.REFUSED,
    FailureKind.CLOSED,
    FailureKind.CONNECT_TIMEOUT,
    FailureKind.UNREACHABLE,
    FailureKind.BUDGET,
    FailureKind.DENIED,
)
_BROKEN = {4: NoteKind.IPV4_BROKEN, 6: NoteKind.IPV6_BROKEN}


@dataclass(frozen=True, slots=True)
class Winner:
    """The first connection that succeeded, and the fate of the addresses tried before it."""

    stream: Stream
    ip: IPAddress
    failed: tuple[tuple[IPAddress, NetworkError], ...] = ()
    pending: tuple[IPAddress, ...] = ()  # started earlier, without an answer so far

    @property
    def notes(self) -> tuple[Note, ...]:
        """Notes on the other IP family if it is broken: that goes unnoticed otherwise, and costs time every time."""
        failed = {ip: error.seen for ip, error in self.failed} | dict.fromkeys(self.pending, "no answer in time")
        return tuple(
            Note(f"IPv{ip.version} does not work: {ip}: {seen}", _BROKEN[ip.version])
            for ip, seen in failed.items()
            if ip.version != self.ip.version
        )


def alternate(ips: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    """Return *ips* with the families interleaved, IPv6 first, each family in its own order (RFC 8305 §4)."""
    unique = tuple(dict.fromkeys(ips))
    families = ([ip for ip in unique if ip.version == version] for version in (6, 4))
    return tuple(ip for ip in chain.from_iterable(zip_longest(*families)) if ip is not None)


async def race(ips: Iterable[IPAddress], connect: Callable[[IPAddress], Awaitable[Stream]], delay: float) -> Winner:
    """Connect to one of *ips*; the next attempt starts when one fails, or after *delay* seconds.

    The other attempts are cancelled or closed. Raises NetworkError if all fail, from an ExceptionGroup if several did.
    """
    state = _Race(connect)
    try:
        async with anyio.create_task_group() as group:
            for ip in ips:
                failed = anyio.Event()
                group.start_soon(state.attempt, ip, failed, group.cancel_scope)
                with anyio.move_on_after(delay):
                    await failed.wait()
    except BaseException:  # cancelled from outside, perhaps just after an attempt succeeded
        if state.won is not None:
            await state.won[1].aclose()
        raise
    return state.result()


class _Race:
    """The state that the attempts of one race share."""

    def __init__(self, connect: Callable[[IPAddress], Awaitable[Stream]]) -> None:
        self._connect = connect
        self._running: list[IPAddress] = []
        self._failed: list[tuple[IPAddress, NetworkError]] = []
        self.won: tuple[IPAddress, Stream] | None = None

    async def attempt(self, ip: IPAddress, failed: anyio.Event, scope: anyio.CancelScope) -> None:
        """Connect to *ip*; cancel *scope*, the whole race, on success."""
        self._running.append(ip)
        try:
            stream = await self._connect(ip)
        except NetworkError as error:
            self._failed.append((ip, error))
            self._running.remove(ip)
            failed.set()
            return
        if self.won is not None:
            await stream.aclose()
            return
        self.won = ip, stream
        scope.cancel()

    def result(self) -> Winner:
        if self.won is None:
            raise _summary(self._failed)
        winner, stream = self.won
        earlier = self._running[: self._running.index(winner)]
        return Winner(stream, winner, tuple(self._failed), tuple(earlier))


def _summary(failed: list[tuple[IPAddress, NetworkError]]) -> NetworkError:
    """Return one error for all of *failed*; a failure of the proxy comes first, as it says nothing about an address."""
    if proxy := next((error for _, error in failed if error.kind is FailureKind.PROXY), None):
        return proxy
    if len(failed) == 1:
        return failed[0][1]
    kinds = [error.kind for _, error in failed]
    kind = next((kind for kind in _MOST_INFORMATIVE if kind in kinds), kinds[0])
    summary = NetworkError(kind, "; ".join(f"{ip}: {error.seen}" for ip, error in failed))
    summary.__cause__ = ExceptionGroup("no address of the host could be connected to", [error for _, error in failed])
    return summary
