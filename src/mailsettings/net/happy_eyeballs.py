"""Happy Eyeballs: try a host's addresses a quarter of a second apart and keep the first that answers (RFC 8305)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Note, NoteKind
from mailsettings.net.streams import Stream
from mailsettings.policy import IPAddress

# Which of several failures is shown: the one that says most about the host.
_TELLING = (
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
    """The first connection, and what happened to the addresses tried before it."""

    stream: Stream
    ip: IPAddress
    failed: tuple[tuple[IPAddress, NetworkError], ...] = ()
    silent: tuple[IPAddress, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """Say where the other IP family is broken: nobody notices it otherwise, and it costs time each time."""
        failed = {ip: error.seen for ip, error in self.failed} | dict.fromkeys(self.silent, "no answer in time")
        return tuple(
            Note(f"IPv{ip.version} does not work: {ip}: {seen}", _BROKEN[ip.version])
            for ip, seen in failed.items()
            if ip.version != self.ip.version
        )


def alternate(ips: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    """Return *ips* with the families taking turns, IPv6 first, each family in its own order (RFC 8305 §4)."""
    known = tuple(dict.fromkeys(ips))
    families = ([ip for ip in known if ip.version == version] for version in (6, 4))
    return tuple(ip for ip in chain.from_iterable(zip_longest(*families)) if ip is not None)


async def race(ips: Iterable[IPAddress], connect: Callable[[IPAddress], Awaitable[Stream]], delay: float) -> Winner:
    """Connect to one of *ips*; the next is started when one fails, or after *delay* seconds.

    Losers are closed. Raises NetworkError when all have failed, from an ExceptionGroup if they were several.
    """
    contest = _Race(connect)
    try:
        async with anyio.create_task_group() as group:
            for ip in ips:
                over = anyio.Event()
                group.start_soon(contest.enter, ip, over, group.cancel_scope)
                with anyio.move_on_after(delay):
                    await over.wait()
    except BaseException:  # cancelled from outside, perhaps just after somebody won
        if contest.won is not None:
            await contest.won[1].aclose()
        raise
    return contest.result()


class _Race:
    """What the runners of one race share."""

    def __init__(self, connect: Callable[[IPAddress], Awaitable[Stream]]) -> None:
        self._connect = connect
        self._running: list[IPAddress] = []
        self._failed: list[tuple[IPAddress, NetworkError]] = []
        self.won: tuple[IPAddress, Stream] | None = None

    async def enter(self, ip: IPAddress, over: anyio.Event, all_of_it: anyio.CancelScope) -> None:
        self._running.append(ip)
        try:
            stream = await self._connect(ip)
        except NetworkError as error:
            self._failed.append((ip, error))
            self._running.remove(ip)
            over.set()
            return
        if self.won is not None:
            await stream.aclose()
            return
        self.won = ip, stream
        all_of_it.cancel()

    def result(self) -> Winner:
        if self.won is None:
            raise _summary(self._failed)
        winner, stream = self.won
        earlier = self._running[: self._running.index(winner)]
        return Winner(stream, winner, tuple(self._failed), tuple(earlier))


def _summary(failed: list[tuple[IPAddress, NetworkError]]) -> NetworkError:
    """Return one failure for all of *failed*; one of the proxy says nothing about any address."""
    if proxy := next((error for _, error in failed if error.kind is FailureKind.PROXY), None):
        return proxy
    if len(failed) == 1:
        return failed[0][1]
    kinds = [error.kind for _, error in failed]
    kind = next((kind for kind in _TELLING if kind in kinds), kinds[0])
    summary = NetworkError(kind, "; ".join(f"{ip}: {error.seen}" for ip, error in failed))
    summary.__cause__ = ExceptionGroup("no address of the host could be connected to", [error for _, error in failed])
    return summary
