"""Servers that were verified a moment ago, for whichever domain: they are not contacted anew for the next one.

Thousands of domains have the same hoster. Its servers would be visited once for each, and the limit on visits to one
address would keep the later ones from being found.
"""

from __future__ import annotations

from collections.abc import Callable

from mailsettings.interfaces import Answer, Page, Question
from mailsettings.model import Endpoint, Probe
from mailsettings.net.door import Door
from mailsettings.net.memory import Memory
from mailsettings.policy import Policy

_GOOD_FOR = 300.0  # seconds; shorter than an answer is kept, for one probe is in many answers
_MOST = 4096  # endpoints; a probe is some hundred bytes


class Known:
    """The verified probes of one process."""

    def __init__(self) -> None:
        self._probes: Memory[Endpoint, Probe] = Memory(_MOST)

    def find(self, endpoint: Endpoint) -> Probe | None:
        """Return the probe of *endpoint*, if it is still good."""
        return self._probes.find(endpoint)

    def add(self, probe: Probe) -> None:
        """Keep *probe* if it was verified. A failure is never remembered: it may be over."""
        if probe.verified:
            self._probes.keep(probe.endpoint, probe, _GOOD_FOR)


class Remembering:
    """A door (leads.Net) that does not greet a server twice within some minutes."""

    def __init__(self, door: Door, known: Known) -> None:
        self._door = door
        self._known = known

    @property
    def policy(self) -> Policy:
        return self._door.policy

    async def ask(self, question: Question) -> Answer:
        return await self._door.ask(question)

    async def resolve(self, host: str) -> tuple[str, ...]:
        return await self._door.resolve(host)

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        return await self._door.get(url, method=method, body=body, headers=headers, answers=answers)

    async def greet(self, endpoint: Endpoint, on_step: Callable[[str], None]) -> Probe:
        """Return what is known of *endpoint*, or contact it."""
        if (probe := self._known.find(endpoint)) is not None:
            return probe
        probe = await self._door.greet(endpoint, on_step)
        self._known.add(probe)
        return probe
