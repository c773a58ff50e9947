"""Run the command in the laboratory: python -m tests.lab ada@srv.example -v"""

import sys
from pathlib import Path

from tests.support.lab.domains import WORLDS, ZONES
from tests.support.lab.laboratory import obstacle, opened

COMMAND = str(Path(sys.executable).with_name("mailsettings"))


def main(arguments: list[str]) -> int:
    """Open the laboratory, run one command in it, show what it printed, and return its exit code."""
    if reason := obstacle():
        print(reason, file=sys.stderr)
        return 2
    with opened((*ZONES, *(world.zone for world in WORLDS)), name="demo") as lab:
        done = lab.in_client(COMMAND, *arguments, "--resolver", lab.resolver, "--ca", str(lab.ca_file))
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
