"""Read a directory of autoconfig documents, such as a copy of the ISPDB's: the result of each, and what was unusual.

    python -m benchmarks.documents DIRECTORY

Servers are counted twice, by the reader and by looking for their tags, so that nothing gets lost unseen.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

from mailsettings.errors import DocumentError
from mailsettings.formats import clientconfig

_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_SERVER = re.compile(rb"<(?:incoming|outgoing)Server\b")


def main(directory: str) -> int:
    """Print what was read, then each kind of note and how often it was made."""
    found: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for path in sorted(Path(directory).iterdir()):
        data = path.read_bytes()
        found["documents"] += 1
        found["server sections"] += len(_SERVER.findall(_COMMENT.sub(b"", data)))
        try:
            config = clientconfig.read(data, path.name.removesuffix(".xml"))
        except DocumentError as error:
            found["no autoconfig document"] += 1
            print(f"{path.name}: {error}")
            continue
        found["servers read"] += len(config.incoming) + len(config.outgoing)
        found["other services"] += len(config.services)
        notes.update(re.sub(r"'[^']*'", "…", note) for note in config.notes)
    for counter in (found, notes):
        print()
        for what, count in counter.most_common():
            print(f"{count:6} {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
