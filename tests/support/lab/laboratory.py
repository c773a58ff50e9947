"""The laboratory as a whole: opened once per test session, everything in one temporary directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.lab import courier, dns, dovecot, exim, nginx, non_mail_servers, postfix, token_service
from tests.support.lab.addressing import AUTHORITATIVE, RESOLVER, Place, placed, sockets
from tests.support.lab.certificate_authority import Authority
from tests.support.lab.dnssec import Signer
from tests.support.lab.namespaces import Namespaces, namespaces
from tests.support.lab.processes import Daemon, run, running
from tests.support.lab.world import Software, Speaks, Zone

READY_WITHIN = 30.0  # seconds until every port accepts connections; 3 are usual
_PREFIX = "mailsettings-lab-"  # of directories; our pid follows
_PAUSE = 0.05  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What a test needs to know of the running servers."""

    namespaces: Namespaces
    places: Mapping[str, Place]  # by full name
    resolver: str  # IPv4 address
    ca_file: Path
    directory: Path  # configurations and logs

    def in_client(self, *command: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run *command* where a user would, for at most *timeout* seconds."""
        return self._run(self.namespaces.client, command, timeout)

    def on_island(self, *command: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run *command* where there is no network."""
        return self._run(self.namespaces.island, command, timeout)

    def await_sockets(self, expected: Set[tuple[str, int]], processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
        """Return when all of *expected* listen among the servers. Raises RuntimeError when one of *processes* ends."""
        _await_sockets(self.namespaces.servers, frozenset(expected), processes, self.directory)

    def _run(self, namespace: str, command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        full = ("ip", "netns", "exec", namespace, *command)
        return subprocess.run(
            full, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )


@contextmanager
def opened(zones: Sequence[Zone], *, name: str = "lab") -> Iterator[Laboratory]:
    """Start everything that *zones* need and wait until it answers; end all of it afterwards.

    *name* tells the laboratories of one process apart.
    """
    places = placed(zones)
    # Namespaces first: what a killed laboratory left running must not write where its directory is being removed.
    with namespaces(places, name) as names, _directory() as directory:
        authority = Authority(directory / "certificates")
        authority.issue(places)
        daemons = _daemons(directory, zones, places, authority)
        with running(daemons, names.servers, directory) as processes:
            expected = sockets(places) | {(str(ip), 53) for ip in (*RESOLVER, *AUTHORITATIVE)}
            expected |= {(str(ip), 853) for ip in RESOLVER}
            _await_sockets(names.servers, expected, processes, directory)
            by_name = {place.fqdn: place for place in places}
            yield Laboratory(names, by_name, str(RESOLVER[0]), authority.ca_file, directory)


@contextmanager
def _directory() -> Iterator[Path]:
    """Make a directory that servers without root's rights can look into, unlike pytest's own."""
    _sweep()
    directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _sweep() -> None:
    """Remove the directories of laboratories whose pytest was killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not Path("/proc", path.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(path, ignore_errors=True)  # another laboratory may do the same at this moment


def _daemons(directory: Path, zones: Sequence[Zone], places: Sequence[Place], authority: Authority) -> list[Daemon]:
    home = directory / "postfix"
    signer = Signer()
    return [
        dns.nsd(directory / "nsd", zones, places, signer),
        dns.unbound(directory / "unbound", authority, signer.anchors),
        postfix.postfix(home, places, authority),
        # After Postfix: the SASL sockets lie in its queue.
        *_dovecots(directory, places, authority, home),
        exim.exim(directory / "exim", places, authority),
        *courier.courier(directory / "courier", places, authority),
        nginx.nginx(directory / "nginx", places, authority),
        *non_mail_servers.daemons(places),
        *token_service.tokens(directory / "tokens", places),
    ]


def _dovecots(directory: Path, places: Sequence[Place], authority: Authority, home: Path) -> Iterator[Daemon]:
    """Yield one Dovecot for each set of accounts."""
    spoken = [p for p in places if any(p.where(Speaks.IMAP)) or any(p.where(Speaks.POP3))]
    mine = [place for place in spoken if place.host.software is not Software.COURIER]
    for accounts in dict.fromkeys(place.host.accounts for place in mine):
        name = f"dovecot-{accounts.name}" if accounts else "dovecot"
        served = [place for place in mine if place.host.accounts == accounts]
        yield dovecot.dovecot(directory / name, served, authority, postfix.sasl_socket(home, accounts))


def awaited(
    lab: Laboratory,
    expected: Set[tuple[str, int]],
    processes: Mapping[str, subprocess.Popen[bytes]],
    *,
    udp: bool = False,
) -> None:
    """Return when all of *expected*, addresses and ports of *processes*, can be talked to. RuntimeError as below."""
    _await_sockets(lab.namespaces.servers, expected, processes, lab.directory, "u" if udp else "t")


def _await_sockets(
    namespace: str,
    expected: Set[tuple[str, int]],
    processes: Mapping[str, subprocess.Popen[bytes]],
    logs: Path,
    kind: str = "t",
) -> None:
    """Return when all of *expected* listen. Raises RuntimeError when a program ends or the time is over."""
    end = time.monotonic() + READY_WITHIN
    while missing := expected - _listening(namespace, kind):
        for name, process in processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}: {_tail(logs, name)}")
        if time.monotonic() > end:
            raise RuntimeError(f"nothing listens at {sorted(missing)[:10]} after {READY_WITHIN} s")
        time.sleep(_PAUSE)


def _tail(logs: Path, name: str) -> str:
    files = [logs / f"{name}.out", *sorted((logs / name).glob("*log*"))]
    return "\n".join(file.read_text(errors="replace")[-2000:] for file in files if file.is_file())


def _listening(namespace: str, kind: str) -> frozenset[tuple[str, int]]:
    """Return addresses and ports on which something listens in *namespace*, for TCP ("t") or UDP ("u")."""
    lines = run("ip", "netns", "exec", namespace, "ss", f"-Hln{kind}").splitlines()
    return frozenset(_socket(line.split()[3]) for line in lines)


def _socket(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]").replace("*", "::"), int(port)


def obstacle(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """Say why the laboratory cannot be opened on this machine, or None if it can."""
    if os.geteuid() != 0:
        return "network namespaces and real ports need root"
    programs = ("dovecot", "ip", "microsocks", "nft", "nginx", "nsd", "postfix", "tinyproxy", "unbound")
    names = (*programs, str(exim.PROGRAM), str(courier.PROGRAM))
    absent = [name for name in names if which(name) is None]
    return f"not installed: {', '.join(absent)}; run tests/lab/install" if absent else None
