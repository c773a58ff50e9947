"""Firewalls, broken paths and dying servers between a user and real servers: never a wrong answer, never a late one.

`searched` checks in every case that nothing is verified that is not there just so, that no socket is left open and that
the answer comes by the deadline; the tests say what comes on top of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from mailsettings.errors import FailureKind
from tests.support.lab.cutting_relay import ENDS, Cut, cutters
from tests.support.lab.detection_runs import kinds, searched, verified
from tests.support.lab.firewall import VERDICTS, black_hole, destinations, diverted, filtered
from tests.support.lab.laboratory import Laboratory, awaited
from tests.support.lab.processes import running
from tests.support.lab.world import MAIL_PORTS

DOMAIN = "both.example"
HOSTS = (f"imap.{DOMAIN}", f"smtp.{DOMAIN}")
TLS = (f"imap://{HOSTS[0]}:993 (tls)", f"smtp://{HOSTS[1]}:465 (tls)")
STARTTLS = (f"imap://{HOSTS[0]}:143 (starttls)", f"smtp://{HOSTS[1]}:587 (starttls)")
KIND_OF = {
    "drop": FailureKind.CONNECT_TIMEOUT,
    "reset": FailureKind.REFUSED,
    "port-unreachable": FailureKind.REFUSED,
    "host-unreachable": FailureKind.UNREACHABLE,
    "admin-prohibited": FailureKind.UNREACHABLE,
    "no-route": FailureKind.UNREACHABLE,
}
# Of so many ports a kernel complains about one a second (net.ipv4.icmp_ratelimit); about the others it keeps silent.
SILENT = {FailureKind.CONNECT_TIMEOUT, FailureKind.DEADLINE}

verdicts = pytest.mark.parametrize("verdict", VERDICTS)


def rules(lab: Laboratory, verdict: str, ports: Iterable[int], families: Iterable[int] = (4, 6)) -> list[str]:
    """Return rules that do *verdict* to what goes to *ports* of both hosts."""
    goals = (to for host in HOSTS for to in destinations(lab.places[host], ports, families))
    return [f"{to} {VERDICTS[verdict]}" for to in goals]


def all_kinds(lab: Laboratory) -> set[FailureKind]:
    """Search, and return what went wrong at the mail ports of the two hosts."""
    detection = searched(lab, DOMAIN)
    assert verified(detection) == ()
    return {kind for host in HOSTS for kind in kinds(detection, f"://{host}:")}


@verdicts
def test_a_closed_port_leads_to_the_open_one(lab: Laboratory, verdict: str) -> None:
    """
    Where the ports of TLS are closed, those of STARTTLS are found, however a firewall says no.
    """
    with filtered(lab.namespaces, rules(lab, verdict, (993, 465))):
        actual = verified(searched(lab, DOMAIN))

    assert actual == STARTTLS


@verdicts
def test_what_the_firewall_does_is_told(lab: Laboratory, verdict: str) -> None:
    """
    Nothing is verified behind a firewall that closes every port, and the failure says how it is closed.
    """
    with filtered(lab.namespaces, rules(lab, verdict, MAIL_PORTS)):
        actual = all_kinds(lab)

    assert KIND_OF[verdict] in actual
    assert actual <= {KIND_OF[verdict], *SILENT}


@pytest.mark.parametrize(("family", "backend"), [(4, "asyncio"), (6, "trio")])
@verdicts
def test_the_other_family_is_used(lab: Laboratory, verdict: str, family: int, backend: str) -> None:
    """
    Broken IPv6, be it silent or refused, costs nothing but time; IPv4 likewise.
    """
    with filtered(lab.namespaces, rules(lab, verdict, MAIL_PORTS, (family,))):
        actual = verified(searched(lab, DOMAIN, backend=backend))

    assert actual == TLS


@pytest.mark.parametrize("families", [(4, 6), (6,)], ids=["both", "IPv6"])
def test_a_black_hole_for_big_packets_is_a_failed_handshake(lab: Laboratory, families: tuple[int, ...]) -> None:
    """
    Connecting and greetings work, certificates never arrive: the failure says so, and it is not called a closed port.
    """
    with black_hole(lab.namespaces, families):
        actual = all_kinds(lab)

    # Nothing listens for POP3; and where IPv4 won the race for port 25, a server without login was found there.
    assert FailureKind.TLS_TIMEOUT in actual
    assert actual <= {FailureKind.TLS_TIMEOUT, FailureKind.REFUSED, FailureKind.NO_LOGIN}


EVERY = 100_000  # bytes: all that a server says
# Of TLS: before the first byte, in a record's head, in ServerHello, in the certificate.
IN_TLS, BEFORE_TLS = (0, 1, 4, 90, 800), (0, 1, 10)
STEPS = tuple(range(900, 2400, 150))  # from the certificate over the tickets and the greeting to the capabilities
CUTS = tuple(
    (how, tls, size) for how in ENDS for tls in (True, False) for size in {*IN_TLS, *BEFORE_TLS, *STEPS, EVERY}
)
FIRST_PORT = 20000


@pytest.fixture(scope="module")
def cuts(lab: Laboratory) -> Iterator[list[Cut]]:
    """Run a relay for every place at which a server may die."""
    servers = {
        True: ((HOSTS[0], 993), (HOSTS[1], 465)),
        False: ((HOSTS[0], 143), (HOSTS[1], 587)),
    }
    planned = [
        Cut(FIRST_PORT + number, str(lab.places[host].addresses[0]), target, size, how)
        for number, (how, size, (host, target)) in enumerate(
            (how, size, server) for how, tls, size in CUTS for server in servers[tls]
        )
    ]
    with running([cutters(planned)], lab.namespaces.servers, lab.directory) as processes:
        awaited(lab, {("::", cut.port) for cut in planned}, processes)
        yield planned


@contextmanager
def dying(lab: Laboratory, cuts: list[Cut], how: str, tls: bool, size: int) -> Iterator[None]:
    """Let the servers die so; the other kind of TLS is refused."""
    ports, others = ((993, 465), (143, 587)) if tls else ((143, 587), (993, 465))
    chosen = [cut for cut in cuts if (cut.how, cut.size) == (how, size) and cut.target in ports]
    ways = [
        (to, cut.port)
        for cut in chosen
        for host in HOSTS
        if str(lab.places[host].addresses[0]) == cut.ip
        for to in destinations(lab.places[host], (cut.target,))
    ]
    with diverted(lab.namespaces, ways), filtered(lab.namespaces, rules(lab, "reset", others)):
        yield


@pytest.mark.parametrize("size", IN_TLS)
@pytest.mark.parametrize("how", ["fin", "reset"])
def test_a_server_that_dies_in_the_handshake_was_closed(lab: Laboratory, cuts: list[Cut], how: str, size: int) -> None:
    """
    Killed in the middle of its handshake, with whatever the kernel sends for it then.
    """
    with dying(lab, cuts, how, True, size):
        detection = searched(lab, DOMAIN)

    assert verified(detection) == ()
    assert [kinds(detection, where) for where in TLS] == [{FailureKind.CLOSED}] * 2


@pytest.mark.parametrize("size", BEFORE_TLS)
@pytest.mark.parametrize("how", ["fin", "reset"])
def test_a_server_that_dies_in_its_greeting_was_closed(lab: Laboratory, cuts: list[Cut], how: str, size: int) -> None:
    """
    Half a greeting is none.
    """
    with dying(lab, cuts, how, False, size):
        detection = searched(lab, DOMAIN, backend="trio")

    assert verified(detection) == ()
    assert [kinds(detection, where) for where in STARTTLS] == [{FailureKind.CLOSED}] * 2


@pytest.mark.parametrize(
    ("tls", "size", "kind"), [(True, 90, FailureKind.TLS_TIMEOUT), (False, 10, FailureKind.GREETING_TIMEOUT)]
)
def test_a_machine_that_is_gone_is_waited_for_no_longer_than_its_step(
    lab: Laboratory, cuts: list[Cut], tls: bool, size: int, kind: FailureKind
) -> None:
    """
    In the middle of the handshake, or of the greeting, nothing comes any more.
    """
    with dying(lab, cuts, "freeze", tls, size):
        detection = searched(lab, DOMAIN)

    assert verified(detection) == ()
    assert [kinds(detection, where) for where in (TLS if tls else STARTTLS)] == [{kind}] * 2


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_verified_is_who_has_said_all_of_it(lab: Laboratory, cuts: list[Cut], how: str) -> None:
    """
    Bit by bit the servers say more, up to their capabilities inside TLS: before the last of it nobody is verified.
    """
    outcomes_of_all = []
    for size in (*STEPS, EVERY):
        with dying(lab, cuts, how, True, size):
            detection = searched(lab, DOMAIN)
        for number, where in enumerate(TLS):
            outcomes_of_all.append((number, where in verified(detection)))
            assert kinds(detection, where) <= {FailureKind.CLOSED}

    for number in range(2):
        outcomes = [good for each, good in outcomes_of_all if each == number]
        assert outcomes == sorted(outcomes)
        assert (outcomes[0], outcomes[-1]) == (False, True)
