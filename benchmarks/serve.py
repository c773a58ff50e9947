"""The service under load on this machine: the cache, fresh detections over real DNS and TLS, tarpits, too many at once.

python -m benchmarks.serve [30 [20]]     seconds and fresh detections a second of the steady load; as root

in a network namespace of its own, on whatever cores there are:
name server and mail servers  <─ DNS, TLS ─  mailsettings serve, default settings  <─ HTTP ─  clients
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import trustme

from benchmarks import mailhosts
from benchmarks.service_clients import PORT, Responses, among_tarpits, ask, cached, crowd, steady

RATE = 20.0  # fresh detections a second
BAR = 1.5  # seconds, for 95 % of them
CROWD = 600  # at once: more than 64 + 256
RECOVERED = 10.0  # seconds after a crowd
_INSIDE = "BENCHMARK_INSIDE"  # set in the namespace
_TICKS = os.sysconf("SC_CLK_TCK")


def in_a_namespace(module: str, arguments: Sequence[str]) -> int | None:
    """Run *module* again in a network of its own and return its exit code; None if this is it."""
    if os.environ.get(_INSIDE):
        return None
    inside = 'ip link set lo up && exec "$@"'
    command = ("unshare", "--net", "sh", "-c", inside, "sh", sys.executable, "-m", module, *arguments)
    return subprocess.run(command, env={**os.environ, _INSIDE: "1"}, check=False).returncode


@dataclass(frozen=True, slots=True)
class Running:
    """The processes under load."""

    service: int  # process id
    servers: int

    def cpu(self) -> tuple[float, float, float]:
        """Return the seconds of CPU that service, servers and clients have taken."""
        return _cpu(self.service), _cpu(self.servers), time.process_time()


def _cpu(process: int) -> float:
    """Return user and system seconds of *process*."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(process: int) -> float:
    """Return what *process* has in memory, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


@contextmanager
def processes(**settings: str) -> Iterator[Running]:
    """Run servers and service, the latter with *settings* beside what tells it of this world."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(f"{place}/ca.pem")
        ca.issue_cert(mailhosts.CERTIFIED).private_key_and_cert_chain_pem.write_to_path(f"{place}/server.pem")
        known = {"RESOLVER": mailhosts.RESOLVER, "CA_FILE": f"{place}/ca.pem", "ALLOW_NETWORKS": '["127.0.0.0/8"]'}
        known |= {"CACHE": f"{place}/answers.sqlite", **settings}
        environment = {**os.environ, **{f"MAILSETTINGS_{name}": value for name, value in known.items()}}
        commands = (
            (sys.executable, "-m", "benchmarks.serve", "servers", f"{place}/server.pem"),
            (sys.executable, "-m", "mailsettings", "serve", "--port", str(PORT)),
        )
        started = []
        for command in commands:
            process = stack.enter_context(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            started.append(process.pid)
        anyio.run(_until_ready)
        yield Running(started[1], started[0])


async def _until_ready() -> None:
    with anyio.fail_after(60):
        while True:
            try:
                await ask("t0.example")
            except OSError:
                await anyio.sleep(0.1)
            else:
                return


def fresh(running: Running, seconds: float, rate: float) -> Responses:
    """Print what a steady load takes, and by which processes; return the responses."""
    responses = Responses()
    before, had = running.cpu(), memory(running.service)
    anyio.run(steady, seconds, rate, responses)
    took = (now - then for now, then in zip(running.cpu(), before, strict=True))
    service, servers, clients = (1000 * seconds / len(responses.seconds) for seconds in took)
    grown = memory(running.service) - had
    print(
        f"fresh: {rate:g}/s for {seconds:g} s: {responses} (bar {BAR:g}: ratio {responses.p95 / BAR:.2f}), "
        f"memory {had:.0f} MB {grown:+.1f}"
    )
    print(
        f"CPU of one fresh detection: service {service:.1f} ms, servers {servers:.1f}, clients {clients:.1f}; "
        f"one core sustains {1000 / service:.0f}/s, two cores with all of them "
        f"{2000 / (service + servers + clients):.0f}/s"
    )
    return responses


def isolated() -> float:
    """Print how much longer others wait while tarpits are asked for; return the ratio."""
    alone = Responses()
    anyio.run(steady, 10.0, 5.0, alone)
    among = anyio.run(among_tarpits, 10.0, 5.0, 10)
    ratio = among.p50 / alone.p50
    print(f"tarpits: 10 clients with two silent domains each; others: {among}, p50 {ratio:.2f} times that without")
    return ratio


def overloaded() -> tuple[Responses, float]:
    """Print what a crowd gets and how soon the next client is served; return both."""
    responses = anyio.run(crowd, CROWD)
    started = time.perf_counter()
    after = Responses()
    anyio.run(steady, 2.0, 5.0, after)
    seconds = time.perf_counter() - started - 2.0 + statistics.median(after.seconds)
    print(
        f"overload: {CROWD} slow domains at once: {dict(responses.statuses)}, "
        f"{responses.without_retry_after} without Retry-After; after it: {after}"
    )
    return responses, seconds if after.verified == len(after.seconds) else float("inf")


def main(arguments: Sequence[str]) -> int:
    """Print one line for each load; 1 if a bar was missed."""
    seconds, rate = float(arguments[0]) if arguments else 30.0, float(arguments[1]) if arguments[1:] else RATE
    with processes() as running:
        print(f"cached: {anyio.run(cached, 5.0):.0f} answers/s")
        anyio.run(steady, 5.0, 5.0, Responses())  # what is loaded once is loaded now
        responses = fresh(running, seconds, rate)
        isolated()
        overload, recovery = overloaded()
    good = responses.p95 < BAR and responses.verified == len(responses.seconds)
    refused_well = set(overload.statuses) <= {200, 503} and not overload.without_retry_after
    return int(not (good and refused_well and recovery < RECOVERED))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["servers", pem]:
            anyio.run(mailhosts.serve, pem)
        case rest:
            code = in_a_namespace("benchmarks.serve", rest)
            sys.exit(main(rest) if code is None else code)
