"""What a run over many domains costs against real servers: real DNS packets, real TLS, a process of its own.

    python -m benchmarks.fleet [SIZE …]        100 and 1,000 domains unless sizes are given

Needs root and the servers of tests/lab (docs/lab.md). The mix of kinds is that of benchmarks.many; the providers are
Dovecot and Postfix under the providers' names, domains with servers of their own share twenty machines. The CPU is that
of the searching process alone: servers and resolver are others. Time is the network's and theirs as well.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from itertools import groupby

import anyio

from benchmarks.exchangers import mx_host, providers
from benchmarks.many import memory, names
from benchmarks.shared_zones import server_hosts
from mailsettings.bulk import detect_many
from mailsettings.bulk.output import verdict
from mailsettings.hostnames import registrable
from mailsettings.policy import Policy
from tests.support.lab.laboratory import obstacle, opened
from tests.support.lab.provider_zones import EVERYTHING
from tests.support.lab.world import (
    EXCHANGER,
    IMAPS,
    SUBMISSIONS,
    TARPIT,
    WEB,
    Certificate,
    Host,
    Software,
    Zone,
)

MACHINES = 20
OWN = ("mail", "imap", "smtp")  # names of a domain's own servers, all of them at one machine
# Every program of the laboratory wants something to serve.
IDLE = Zone("idle.example", (Host("exim", EVERYTHING, software=Software.EXIM), Host("web", WEB), Host("mud", TARPIT)))
PATIENCE = 1800.0  # seconds for one size


def zones(domains: Iterable[str]) -> tuple[Zone, ...]:
    """Return everything there is for *domains*."""
    known = tuple(domains)
    return (IDLE, *_providers(), _machines(known), *(zone for domain in known for zone in _domain(domain)))


def _providers() -> Iterator[Zone]:
    """Yield the zones with the servers of the providers."""
    services = server_hosts(providers())
    for zone, hosts in groupby(sorted(services, key=lambda host: (registrable(host), host)), key=registrable):
        yield Zone(zone, tuple(Host(host.removesuffix(f".{zone}"), services[host]) for host in hosts))


def _machines(domains: Iterable[str]) -> Zone:
    """Return the machines that domains share, with certificates for all of their names."""
    on: dict[int, list[str]] = {number: [f"machine{number}.machines.example"] for number in range(MACHINES)}
    for domain in domains:
        if domain.startswith("own"):
            on[_number(domain) % MACHINES] += [f"{label}.{domain}" for label in OWN]
    shared = (
        Host(f"machine{number}", (IMAPS, SUBMISSIONS, EXCHANGER), Certificate(tuple(on[number]))) for number in on
    )
    return Zone("machines.example", (*shared, Host("mute", (EXCHANGER,))))


def _domain(domain: str) -> Iterator[Zone]:
    """Yield the zone of *domain*, none if it does not exist."""
    number = _number(domain)
    if domain.startswith("hosted"):
        yield Zone(domain, records=(f"@ MX 10 {mx_host(domain, number)}.",))
    elif domain.startswith("own"):
        machine = f"machine{number % MACHINES}.machines.example."
        yield Zone(domain, records=("@ MX 10 mail", *(f"{label} LIKE {machine}" for label in OWN)))
    elif domain.startswith("mute"):
        yield Zone(domain, records=("@ MX 10 mail", "mail LIKE mute.machines.example."))


def _number(domain: str) -> int:
    return int("".join(filter(str.isdigit, domain)))


async def search(size: int, resolver: str, ca_file: str) -> dict[str, object]:
    """Search *size* domains and return what it took."""
    networks = (ip_network("10.77.0.0/16"), ip_network("fd77::/16"))
    policy = Policy.service().replace(allow_networks=networks, resolver=resolver, ca_file=ca_file)
    before, wall, cpu = memory(), time.perf_counter(), time.process_time()
    verdicts = Counter[str]()
    async with detect_many(names(size, None), policy=policy) as stream:
        async for each in stream:
            assert each.detection is not None
            verdicts[verdict(each.detection)] += 1
    spent, took = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": spent, "seconds": took, "before": before, "peak": memory(), "verdicts": dict(verdicts)}


def main(sizes: Iterable[int]) -> int:
    """Print a line for each of *sizes*; the exit code is 1 if a verdict is wrong."""
    if reason := obstacle():
        print(f"not measured: {reason}")
        return 0
    wrong = False
    print("  domains   CPU/domain    core      wall      peak    growth  verdicts")
    for size in sizes:
        with opened(zones(names(size, None)), name="fleet") as lab:
            command = (sys.executable, "-m", "benchmarks.fleet", "--here", str(size), lab.resolver, str(lab.ca_file))
            done = lab.in_client(*command, timeout=PATIENCE)
        if done.returncode:
            print(done.stderr)
            return 1
        found = json.loads(done.stdout)
        wrong |= found["verdicts"].get("verified") != sum(
            name.startswith(("hosted", "own")) for name in names(size, None)
        )
        print(
            f"{size:9,} {found['cpu'] / size * 1000:9.2f} ms {size / found['cpu']:6.0f}/s {found['seconds']:7.1f} s"
            f" {found['peak']:6.1f} MB {found['peak'] - found['before']:+6.1f} MB  {json.dumps(found['verdicts'])}",
            flush=True,
        )
    return int(wrong)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(anyio.run(search, int(sys.argv[2]), sys.argv[3], sys.argv[4])))
    else:
        sys.exit(main([int(size) for size in sys.argv[1:]] or [100, 1000]))
