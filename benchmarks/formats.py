"""How long documents take to read: valid ones, and the slowest of 20,000 broken ones (the limit is 100 ms).

    python -m benchmarks.formats [COUNT]

CPU time of this process, so that other work on the machine does not count.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from mailsettings.errors import DocumentError
from mailsettings.formats import json, xml
from tests.support.mutated_documents import READERS, mutants

LIMIT = 0.1  # seconds
NAME = b"\xc3\xbc." * 30 + b"x"  # the most expensive kind to translate
# Made to be slow: as large as a policy may ever let in, and as busy as the limits allow.
WORST = {
    "names": b"<clientconfig><emailprovider>" + b"<domain>\xc3\xbc.example</domain>" * 1900,
    "long names": b"<clientconfig><emailprovider>" + (b"<domain>" + NAME + b"</domain>") * 1900,
    "names everywhere": b"<clientconfig><emailprovider>"
    + (b"<domain>" + NAME + b"</domain>") * 100
    + (b"<incomingserver type='imap'><hostname>" + NAME + b"</hostname></incomingserver>") * 100
    + (b"<outgoingserver type='smtp'><hostname>" + NAME + b"</hostname></outgoingserver>") * 100
    + (b"<setupserver><hostname>" + NAME + b"</hostname></setupserver>") * 100,
    "attributes": b"<clientconfig " + b" ".join(b'a%d=""' % number for number in range(25_000)) + b"/>",
    "one long host": b"<clientconfig><emailprovider><domain>" + b"\xc3\xbc" * 120_000 + b"</domain>",
    "one long text": b"<clientconfig><emailprovider><displayname>" + b"a " * 120_000 + b"</displayname>",
    "ampersands": b"<clientconfig><emailprovider><displayname>" + b"&" * 240_000 + b"</displayname>",
    "percent signs": b"<clientconfig><emailprovider><incomingserver type='imap'><hostname>a.b.c</hostname><username>"
    + b"%" * 200_000,
    "quotes": b'{"a": "' + b'\\"' * 120_000,
    "brackets": b'{"a": "' + b"[" * 240_000 + b'"}',
    "depth": b"<a>" * 80_000,
    "JSON depth": b'{"a":' * 50_000,
}
CLOSE = b"</username></incomingserver></emailprovider></clientconfig>"


def seconds(name: str, data: bytes) -> float:
    """Return the CPU seconds that reader *name* spends on *data*."""
    _, read = READERS[name]
    start = time.process_time()
    with suppress(DocumentError):
        read(data)
    return time.process_time() - start


def main(count: int) -> int:
    """Print the figures; return 1 if one is over the limit."""
    slowest = 0.0
    for name, (seed, _) in READERS.items():
        usual = min(seconds(name, seed) for _ in range(20))
        worst = max(seconds(name, data) for data in mutants(seed, count))
        slowest = max(slowest, worst)
        print(f"{name:18} valid {usual * 1e3:8.3f} ms   slowest of {count} mutants {worst * 1e3:8.3f} ms")
    for title, data in WORST.items():
        closed = data + b"</emailprovider></clientconfig>" if data.startswith(b"<clientconfig><") else data
        cut = closed[: max(xml.MAX_BYTES, json.MAX_BYTES)]
        worst = max(seconds(name, each) for name in READERS for each in (cut, data + CLOSE))
        slowest = max(slowest, worst)
        print(f"{title:18} {len(cut):7} bytes, slowest reader {worst * 1e3:8.3f} ms")
    print(f"slowest {slowest * 1e3:.1f} ms, limit {LIMIT * 1e3:.0f} ms, ratio {slowest / LIMIT:.2f}")
    return int(slowest > LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
