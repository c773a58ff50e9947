"""`python -m tests.support.bulk_program FILE -o OUT …`: the command `bulk` as a process, in a slow fake network.

Every domain dN.example has servers of its own; each search takes some round trips of 20 ms, in real time.
"""

import os
import sys
from functools import partial

from mailsettings.bulk import detect_many
from mailsettings.cli.app import run
from mailsettings.cli.backend import Backend
from mailsettings.engine import detect_stream
from mailsettings.planning import offline, plan
from mailsettings.sources import SOURCES
from mailsettings.testing import FakeNetwork, imap, smtp

DOMAINS = 60
RTT = float(os.environ.get("RTT", "0.02"))  # seconds


def slow_network() -> FakeNetwork:
    """Build the network."""
    net = FakeNetwork(rtt=RTT)
    for number in range(DOMAINS):
        net.host(f"imap.d{number}.example").serve(imap())
        net.host(f"smtp.d{number}.example").serve(smtp())
    return net


if __name__ == "__main__":
    many = partial(detect_many, transport=slow_network().transport())
    sys.exit(run(["bulk", *sys.argv[1:]], Backend(detect_stream, plan, offline, SOURCES, many)))
