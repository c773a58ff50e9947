"""A backend without a network, which has one answer and records the requests for it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from mailsettings.address import EmailAddress
from mailsettings.cli.backend import Backend
from mailsettings.errors import FailureKind
from mailsettings.events import Asked, Contacting, Event, Failed, Learned, Probed, Settled
from mailsettings.leads import Lead, Source
from mailsettings.model import (
    Authority,
    Claim,
    Detection,
    Endpoint,
    Evidence,
    Failure,
    Note,
    Protocol,
    Question,
    Security,
    Step,
)
from mailsettings.planning import plan
from mailsettings.policy import Policy
from mailsettings.sources.srv import srv

SERVER = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
CLAIM = Claim(SERVER, Evidence(Authority.TABLE, "table", "providers.yaml: example"))


def table(_address: EmailAddress) -> Iterable[Lead]:
    """Know one server."""
    return [CLAIM, Note("example.org is made up")]


def guess(_address: EmailAddress) -> Iterable[Lead]:
    """Know nothing."""
    return ()


def story(detection: Detection) -> tuple[Event, ...]:
    """Return events of every kind that end with *detection*."""
    probes = [choice.probe for choice in detection.incoming if choice.probe]
    return (
        Asked(0.0, "example.org MX", Question("example.org", "MX")),
        Learned(0.01, CLAIM),
        Failed(0.02, Failure(FailureKind.NO_SUCH_NAME, Question("example.org", "MX"))),
        Contacting(0.03, SERVER, Step.CONNECT),
        *(Probed(0.04, probe) for probe in probes),
        Settled(0.05, detection),
    )


@dataclass
class FakeBackend:
    """Emits the events of *detection*; *hangs* waits for ever before the last one, *fails* raises there instead."""

    detection: Detection
    hangs: bool = False
    fails: bool = False
    requests: list[tuple[EmailAddress, tuple[str, ...], Policy]] = field(default_factory=list)

    @asynccontextmanager
    async def detect_stream(
        self, address: EmailAddress, *, sources: Sequence[Source], policy: Policy
    ) -> AsyncIterator[AsyncIterator[Event]]:
        self.requests.append((address, tuple(source.__name__ for source in sources), policy))
        async with anyio.create_task_group() as group:
            yield self._events()
            group.cancel_scope.cancel()

    async def _events(self) -> AsyncIterator[Event]:
        for event in story(self.detection):
            if isinstance(event, Settled) and self.fails:
                raise RuntimeError("a mistake\x1b[2J")
            if isinstance(event, Settled) and self.hangs:
                await anyio.sleep_forever()
            yield event

    def plan(self, address: EmailAddress, *, sources: Sequence[Source], policy: Policy) -> tuple[Lead, ...]:
        return plan(address, sources=sources, policy=policy)

    def offline(self, address: EmailAddress) -> Detection:
        return self.detection

    @property
    def backend(self) -> Backend:
        return Backend(self.detect_stream, self.plan, self.offline, (table, srv, guess))
