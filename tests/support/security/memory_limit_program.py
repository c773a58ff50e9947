"""`python -m tests.support.security.memory_limit_program`: detect among what is big or endless with little memory.

Prints the bytes it took.
"""

from __future__ import annotations

import resource

from benchmarks.crowd import memory
from mailsettings import Policy
from mailsettings.testing import FakeNetwork
from tests.support.security.harness import DOMAIN, Build, detect_in
from tests.support.security.misbehaving_servers import RESOURCES
from tests.support.security.raw_http import RAW
from tests.support.security.web_pages import BODIES

LIMIT = 512 * 1024 * 1024  # bytes of address space


def long_zone(net: FakeNetwork) -> None:
    """Answer with lists longer than any use."""
    net.records(
        DOMAIN, TXT=[f"{number} {'A' * 4000}" for number in range(500)], MX=[f"{n} mx{n}.{DOMAIN}" for n in range(500)]
    )
    net.zone(
        "\n".join(f"_imaps._tcp.{DOMAIN} SRV {n} 1 993 h{n}.{DOMAIN}\nh{n}.{DOMAIN} A 11.9.0.1" for n in range(500))
    )
    net.zone("\n".join(f"imap.{DOMAIN} A 11.8.{n // 250}.{n % 250}" for n in range(500)))


BIG: tuple[Build, ...] = (*(each.build for each in (*RESOURCES, *BODIES, *RAW)), long_zone)


def main() -> None:
    """Run a detection for each in turn; MemoryError if one of them wants more than there is."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    for build in BIG:
        detect_in(build, policy=Policy(guess=False))
    print(memory())


if __name__ == "__main__":
    main()
