"""Detections in a hostile world, and what must hold after each of them whatever the attack."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass

from mailsettings import Choice, Detection, Failure, FailureKind, Policy, detect
from mailsettings.net.network import open_network
from mailsettings.testing import FakeNetwork, Line, Request, run_virtual

DOMAIN = "victim.example"
ADA = f"ada@{DOMAIN}"
ASKED_ONLY = Policy(guess=False)  # so that the attacker is the only server there is
LATE = 0.25  # seconds that may pass between the deadline and the answer
LOGIN_COMMANDS = ("LOGIN", "AUTHENTICATE", "AUTH", "USER", "PASS", "APOP")
# What a terminal may obey, or hide text with: controls, formats (bidi, zero width), surrogates, line separators.
UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")

Build = Callable[[FakeNetwork], object]


@dataclass(frozen=True, slots=True)
class AttackResult:
    """The answer, the virtual seconds it took, and the network with all that it was asked."""

    detection: Detection
    seconds: float
    net: FakeNetwork

    @property
    def choices(self) -> tuple[Choice, ...]:
        return (*self.detection.incoming, *self.detection.outgoing)

    @property
    def verified(self) -> tuple[str, ...]:
        """The hosts and ports that were verified."""
        return tuple(f"{c.endpoint.host}:{c.endpoint.port}" for c in self.choices if c.verified)

    @property
    def kinds(self) -> set[FailureKind]:
        return {failure.kind for failure in self.detection.failures}

    def failures(self, where: str) -> tuple[Failure, ...]:
        """Return what failed at a place that has *where* in its name."""
        return tuple(failure for failure in self.detection.failures if where in failure.place)


async def _search(net: FakeNetwork, address: str, policy: Policy) -> Detection:
    async with open_network(policy, transport=net.transport(policy)) as network:
        return await detect(address, policy=policy, net=network)


def detect_in(build: Build, *, policy: Policy = ASKED_ONLY, address: str = ADA, rtt: float = 0.0) -> AttackResult:
    """Run a detection in the world that *build* makes, and check what must hold after every one."""
    net = FakeNetwork(rtt=rtt)
    build(net)
    detection, seconds = run_virtual(_search, net, address, policy)
    result = AttackResult(detection, seconds, net)
    assert list(complaints(result, policy)) == []
    return result


def complaints(result: AttackResult, policy: Policy) -> Iterator[str]:
    """Yield what no server may cause."""
    if result.net.open_streams:
        yield f"left open: {result.net.open_streams}"
    if result.seconds > policy.timeouts.greeting_deadline + LATE:
        yield f"took {result.seconds:.2f} s"
    if FailureKind.INTERNAL in result.kinds:
        yield f"a mistake of ours: {result.detection.failures}"
    yield from (f"tried a login: {line}" for line in result.net.lines if is_login(line))
    yield from (f"sent a secret: {each}" for each in result.net.asked if isinstance(each, Request) and has_secret(each))
    yield from (f"shown unescaped: {text!r}" for text in texts(result.detection) if is_unsafe(text))
    yield from (
        f"plain and verified: {c.endpoint}" for c in result.choices if c.verified and c.endpoint.security == "plain"
    )
    if len(result.net.connections) > policy.limits.max_tcp:
        yield f"{len(result.net.connections)} connections"
    if len(result.net.questions) > policy.limits.max_dns:
        yield f"{len(result.net.questions)} questions"


def is_login(line: str) -> bool:
    """Say whether *line*, spelled as FakeNetwork.lines does, is a command that logs in."""
    words = line.partition(" < ")[2].upper().split()
    return any(word in LOGIN_COMMANDS for word in words[:2])


def has_secret(request: Request) -> bool:
    """Say whether *request* tries to log in."""
    return any(name in ("authorization", "cookie", "proxy-authorization") for name, _ in request.headers)


def commands_of(result: AttackResult) -> tuple[str, ...]:
    """Return the commands that servers received."""
    return tuple(entry.text.decode("latin-1") for entry in result.net.asked if isinstance(entry, Line))


def is_unsafe(text: str) -> bool:
    """Say whether *text* has a character that a terminal, a log or a page should never see."""
    return any(unicodedata.category(char) in UNSAFE for char in text)


def texts(value: object) -> Iterator[str]:
    """Yield every string inside *value*, however deep."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
