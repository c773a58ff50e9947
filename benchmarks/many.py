"""What a run over many domains costs: CPU per domain, domains per second and core, and memory as the list grows.

    python -m benchmarks.many [SIZE …]        100 and 1,000 domains unless sizes are given; each in a process of its own
    python -m benchmarks.many --only hosted 100000

The domains and their DNS are computed on demand, nothing of the world is stored: growth of memory is ours.
No time passes on the wire. Of 100 domains 60 have one of eight big providers as MX (hosted), 15 servers of their
own on shared machines (own), 15 an MX host that refuses connections (mute), 10 do not exist (gone).
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import anyio
import anyio.lowlevel

from benchmarks.exchangers import mx_host, providers
from mailsettings.bulk import detect_many
from mailsettings.bulk.output import verdict
from mailsettings.interfaces import MX, Answer
from mailsettings.model import Protocol, Question
from mailsettings.net.streams import Stream
from mailsettings.policy import IPAddress, Policy
from mailsettings.provider_table.rows import Row
from mailsettings.testing import Certificate, Entry, FakeNetwork, imap, pop3, smtp
from mailsettings.testing.recording import Recording
from mailsettings.testing.stream import FakeStream

MIX = ("hosted",) * 60 + ("own",) * 15 + ("mute",) * 15 + ("gone",) * 10
MACHINES = 200  # that the domains with servers of their own share
FIRST_MACHINE = IPv4Address("11.8.0.1")
EVERY = 5000  # domains between two lines on standard error
DOMAIN = re.compile(r"(?:(.+)\.)?(hosted|own|mute|gone)([0-9]+)\.example")


class Forgetful(Recording[FakeStream]):
    """Counts connections instead of remembering everything that is asked."""

    def record(self, entry: Callable[[float], Entry]) -> None:
        """Forget it."""


class EveryName(dict[str, Certificate]):
    """Certificates of a shared machine: one for whatever name is asked for."""

    def get(self, key: str, default: object = None) -> Certificate:  # noqa: ARG002 - never missing
        return Certificate((key,))


class Population:
    """A transport to any number of domains."""

    def __init__(self) -> None:
        self.net = FakeNetwork()
        self.net.ledger = Forgetful()
        self.asked: Counter[str] = Counter()
        for row in providers():
            self._serve(row)
        for number in range(MACHINES):
            ip = str(FIRST_MACHINE + number)
            self.net.host(f"machine{number}.example", ip).serve(imap(), smtp(), smtp(587))
            self.net.place(FIRST_MACHINE + number).certificates = EveryName()
        self.net.records("com", NS="a.nic.example")
        self._below = self.net.transport()

    def _serve(self, row: Row) -> None:
        kinds = {Protocol.IMAP: imap, Protocol.POP3: pop3, Protocol.SMTP: smtp}
        for server in (*row.incoming, *row.outgoing):
            if (kind := kinds.get(server.endpoint.protocol)) is not None:
                self.net.host(server.endpoint.host).serve(kind(server.endpoint.port))

    async def ask(self, question: Question) -> Answer:
        """Answer from the name alone."""
        self.asked["questions"] += 1
        await anyio.lowlevel.checkpoint()
        found = DOMAIN.fullmatch(question.name)
        if found is None:
            return await self._below.ask(question)
        return self._answer(question, found[1] or "", found[2], int(found[3]))

    def _answer(self, question: Question, label: str, kind: str, number: int) -> Answer:
        machine = str(FIRST_MACHINE + number % MACHINES)
        match kind, label, question.type:
            case "hosted", "", "MX":
                return Answer(question, (MX(10, mx_host(question.name, number)),))
            case "own" | "mute", "", "MX":
                return Answer(question, (MX(10, f"mail.{kind}{number}.example"),))
            case ("own", "mail" | "imap" | "smtp", "A") | ("mute", "mail", "A"):
                return Answer(question, (machine if kind == "own" else "11.9.0.1",))
            case _:
                return Answer(question, exists=kind != "gone" and label in ("", "mail"))

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to a provider or a shared machine; the machine of the mute refuses."""
        self.asked["connections"] += 1
        return await self._below.connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


def names(size: int, only: str | None) -> Iterator[str]:
    """Yield *size* domains of the mix, or of one kind."""
    return (f"{only or MIX[number % len(MIX)]}{number}.example" for number in range(size))


async def run(size: int, only: str | None) -> dict[str, object]:
    """Search *size* domains and return what it took."""
    population, verdicts = Population(), Counter[str]()
    population.net.host("refusing.example", "11.9.0.1")
    async with detect_many(names(100, only), transport=population) as stream:
        async for each in stream:  # warm-up: what is loaded and compiled once does not count
            del each
    population.asked.clear()
    before, wall, cpu = memory(), time.perf_counter(), time.process_time()
    async with detect_many(names(size, only), policy=Policy.service(), transport=population) as stream:
        async for each in stream:
            assert each.detection is not None
            verdicts[verdict(each.detection)] += 1
            if verdicts.total() % EVERY == 0:
                spent = time.process_time() - cpu
                print(f"{verdicts.total():9,} {spent:8.1f} s CPU {resident():7.1f} MB", file=sys.stderr, flush=True)
    return {
        "domains": size,
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "before": before,
        "peak": memory(),
        **population.asked,
        "verdicts": dict(verdicts),
    }


def resident() -> float:
    """Return the memory this process has now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def memory() -> float:
    """Return the most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux


def show(found: dict[str, object]) -> None:
    """Print one line of the table."""
    size, cpu, seconds = (float(str(found[key])) for key in ("domains", "cpu", "seconds"))
    asked = [float(str(found.get(key, 0))) / size for key in ("questions", "connections")]
    grown = float(str(found["peak"])) - float(str(found["before"]))
    print(
        f"{size:9,.0f} {cpu / size * 1000:9.2f} ms {size / cpu:8.0f}/s {seconds:8.1f} s {found['peak']:8.1f} MB"
        f" {grown:+8.1f} MB {asked[0]:9.1f} {asked[1]:11.2f}  {json.dumps(found['verdicts'])}",
        flush=True,
    )


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[100, 1000])
    parser.add_argument("--only", choices=sorted(set(MIX)))
    parser.add_argument("--here", action="store_true", help="in this process, the figures as JSON")
    wanted = parser.parse_args()
    if wanted.here:
        print(json.dumps(anyio.run(run, wanted.sizes[0], wanted.only)))
        return
    print("  domains   CPU/domain   core      wall       peak      growth  questions connections  verdicts")
    only = ["--only", wanted.only] if wanted.only else []
    for size in wanted.sizes:
        command = [sys.executable, "-m", "benchmarks.many", "--here", str(size), *only]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parent.parent)
        show(json.loads(done.stdout))


if __name__ == "__main__":
    main()
