"""Contact every server of the table once, politely, and report the rows that are stale.

Nothing is sent but what a mail program sends before it logs in. One connection per server, few at once, never two to
one provider at the same time.

    stale  example: imap://imap.example.org:993 (tls): no-such-name: imap.example.org does not exist
    318 providers, 655 servers: 640 answer, 15 do not
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import anyio

from mailsettings.interfaces import Prober
from mailsettings.model import Endpoint, Probe, Security
from mailsettings.net.network import open_network
from mailsettings.policy import Limits, Policy
from mailsettings.provider_table.rows import Row
from mailsettings.provider_table.table import all_providers

PARALLEL = 4  # providers at once
PAUSE = 0.5  # seconds between two connections to one provider


@dataclass(frozen=True, slots=True)
class Finding:
    """One server of the table and what was seen there."""

    provider: str
    endpoint: Endpoint
    seen: str  # empty: it answers as the table says

    def __str__(self) -> str:
        return f"{'stale' if self.seen else 'fine '}  {self.provider}: {self.endpoint}{self.seen and ': ' + self.seen}"


async def verify(rows: Iterable[Row], prober: Prober, *, pause: float = PAUSE) -> tuple[Finding, ...]:
    """Contact each server of *rows* once and return what was seen, in the order of the rows."""
    found: list[Finding] = []
    limit = anyio.CapacityLimiter(PARALLEL)

    async def probe_all(row: Row) -> None:
        async with limit:
            for endpoint in endpoints(row):
                probe = await prober.greet(endpoint, lambda _: None)
                found.append(Finding(row.provider.id, endpoint, _seen(probe)))
                await anyio.sleep(pause)

    async with anyio.create_task_group() as group:
        for row in rows:
            group.start_soon(probe_all, row)
    return tuple(sorted(found, key=lambda finding: (finding.provider, str(finding.endpoint))))


def endpoints(row: Row) -> tuple[Endpoint, ...]:
    """Return the servers of *row* that can be verified: plain ones cannot, they have no certificate."""
    servers = (*row.incoming, *row.outgoing)
    return tuple(server.endpoint for server in servers if server.endpoint.security is not Security.PLAIN)


def _seen(probe: Probe) -> str:
    if probe.failure is not None:
        return f"{probe.failure.kind}: {probe.failure.seen}"
    return "" if probe.verified else "not verified"


def report(findings: Sequence[Finding]) -> str:
    """Return *findings* as text: the stale servers first, then the sum."""
    stale = [str(finding) for finding in findings if finding.seen]
    providers = len({finding.provider for finding in findings})
    total = f"{providers} providers, {len(findings)} servers: {len(findings) - len(stale)} answer, {len(stale)} do not"
    return "\n".join((*stale, total))


async def _run(ids: Sequence[str]) -> tuple[Finding, ...]:
    rows = [row for row in all_providers() if not ids or row.provider.id in ids]
    servers = sum(len(endpoints(row)) for row in rows)
    # The budgets of a single detection would end after forty hosts; this one run contacts them all, slowly.
    policy = Policy(limits=Limits(max_tcp=4 * servers + 4, max_dns=8 * servers + 8, max_hosts=servers + 1))
    async with open_network(policy) as net:
        return await verify(rows, net)


def main(arguments: Sequence[str]) -> int:
    """Verify the providers named in *arguments*, or all; the exit code is 1 if a row is stale."""
    findings = anyio.run(_run, arguments)
    print(report(findings))
    return 1 if any(finding.seen for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
