"""Name servers that fail, lie or are late, between a user and the true zones."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mailsettings.errors import FailureKind
from tests.support.lab.addressing import GATEWAY, NOWHERE
from tests.support.lab.detection_runs import BACKENDS, kinds, searched, verified
from tests.support.lab.faulty_name_servers import MODES, faulty_servers
from tests.support.lab.firewall import counted, filtered, packets
from tests.support.lab.laboratory import Laboratory, awaited
from tests.support.lab.processes import running

DOMAIN = "both.example"
BOTH = (f"imap://imap.{DOMAIN}:993 (tls)", f"smtp://smtp.{DOMAIN}:465 (tls)")
PORTS = {mode: 5300 + number for number, mode in enumerate(MODES)}
ABSENT = 5299
FORGED = str(NOWHERE[0])
HARMLESS = (
    *("forged-id", "forged-question", "forged-query", "forged-source", "garbage"),
    *("late", "twice", "truncated"),
)
HARMFUL = {
    "servfail": FailureKind.DNS_FAILED,
    "refused": FailureKind.DNS_FAILED,
    "formerr": FailureKind.DNS_FAILED,
    "nxdomain": FailureKind.NO_NETWORK,  # for .com, too
    "silent": FailureKind.DNS_TIMEOUT,
    "too-late": FailureKind.DNS_TIMEOUT,
    "truncated-refused": FailureKind.DNS_FAILED,
    "truncated-silent": FailureKind.DNS_TIMEOUT,
    "truncated-half": FailureKind.DNS_FAILED,
}


@dataclass(frozen=True, slots=True)
class Resolvers:
    """The name servers that lie."""

    process: subprocess.Popen[bytes]

    def at(self, mode: str) -> str:
        """Return where the one with *mode* listens."""
        assert self.process.poll() is None
        return f"{GATEWAY[0]}:{PORTS[mode]}"


@pytest.fixture(scope="module")
def resolvers(lab: Laboratory) -> Iterator[Resolvers]:
    """Run a name server for each mode."""
    daemon = faulty_servers(str(GATEWAY[0]), lab.resolver, FORGED, PORTS)
    with running([daemon], lab.namespaces.servers, lab.directory) as processes:
        awaited(lab, {(str(GATEWAY[0]), port) for port in PORTS.values()}, processes, udp=True)
        yield Resolvers(processes[daemon.name])


def test_every_mode_has_its_outcome() -> None:
    """
    None is forgotten below.
    """
    assert sorted((*HARMLESS, *HARMFUL)) == sorted(MODES)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", HARMLESS)
def test_the_true_answer_is_waited_for(lab: Laboratory, resolvers: Resolvers, mode: str, backend: str) -> None:
    """
    Forgeries before it, from elsewhere, for another question or with a wrong number, change nothing; nobody goes
    where they lead.
    """
    with counted(lab.namespaces, FORGED):
        detection = searched(lab, DOMAIN, resolver=resolvers.at(mode), backend=backend)
        sent = packets(lab.namespaces)

    assert (verified(detection), sent) == (BOTH, 0)


@pytest.mark.parametrize("mode", HARMFUL)
def test_without_a_true_answer_there_is_none(lab: Laboratory, resolvers: Resolvers, mode: str) -> None:
    """
    Nothing is found, and the failure is the name server's.
    """
    detection = searched(lab, DOMAIN, resolver=resolvers.at(mode))

    assert (detection.incoming, detection.outgoing) == ((), ())
    # That neither the domain nor .com exists ends the search, whatever has been asked until then.
    asked = f"{DOMAIN} MX" if mode == "nxdomain" else f"imap.{DOMAIN}"
    assert kinds(detection, asked) == {HARMFUL[mode]}


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        pytest.param("", FailureKind.DNS_FAILED, id="closed port"),
        pytest.param(f"udp dport {ABSENT} drop", FailureKind.DNS_TIMEOUT, id="dropped"),
        # That a host is unreachable may be over in a moment: the kernel keeps it to itself (RFC 1122 §4.2.3.9).
        pytest.param(
            f"udp dport {ABSENT} reject with icmpx host-unreachable", FailureKind.DNS_TIMEOUT, id="unreachable"
        ),
        pytest.param(f"udp dport {ABSENT} reject with icmpx admin-prohibited", FailureKind.NO_NETWORK, id="prohibited"),
    ],
)
def test_a_name_server_that_is_not_there(lab: Laboratory, rule: str, kind: FailureKind) -> None:
    """
    Nobody listens, a firewall drops the questions, or the way to it is broken: each has its own failure.
    """
    with filtered(lab.namespaces, ["counter", rule]):
        detection = searched(lab, DOMAIN, resolver=f"{GATEWAY[0]}:{ABSENT}")

    assert (detection.incoming, detection.outgoing) == ((), ())
    assert kind in kinds(detection)
