"""`python -m tests.support.cli_program GMAIL ADDRESS …`: the command as a process of its own, with a hand-made answer.

Instead of a detection's name, `HANGING` never answers and `BROKEN` raises an error.
"""

import sys

from mailsettings.cli.app import run
from tests.support import detections
from tests.support.fake_backend import FakeBackend

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    detection = getattr(detections, name, detections.VERIFIED)
    fake = FakeBackend(detection, hangs=name == "HANGING", fails=name == "BROKEN")
    sys.exit(run(arguments, fake.backend))
