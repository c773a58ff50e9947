"""Servers that were verified a moment ago, for whichever domain: they are not contacted anew for the next one.

Thousands of domains have the same hoster. Its servers would be visited once for each, and the limit on visits to one
address would keep the later ones from being found.
"""

from __future__ import annotations

from collections.abc import Callable

from mailsettings.interfaces import Prober
from mailsettings.model import Endpoint, Probe
from mailsettings.net.memory import Memory

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
    """A Prober that does not greet a server twice within some minutes."""

    def __init__(self, prober: Prober, known: Known) -> None:
        self._prober = prober
        self._known = known

    async def greet(self, endpoint: Endpoint, on_step: Callable[[str], None]) -> Probe:
        """Return what is known of *endpoint*, or contact it."""
        if (probe := self._known.find(endpoint)) is not None:
            return probe
        probe = await self._prober.greet(endpoint, on_step)
        self._known.add(probe)
        return probe
