"""Read recorded material and hostile servers: `python -m benchmarks.corpus DIRECTORY`. Exit code 1 if any is misread.

transcripts.jsonl       260 recorded servers: greeting, capabilities, STARTTLS, login methods, oddities;
                        whole, byte by byte, cut off after every byte
attack_servers.jsonl    41 hostile servers, in virtual time
error_texts.jsonl       105 texts of providers and what they mean

A corpus may lack files and have rows of its own: what cannot be judged is counted and named, and is not wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import trio

from benchmarks import hostile, replies, transcript_verdicts
from benchmarks.transcript_verdicts import Verdict
from benchmarks.transcripts import Row, play
from mailsettings.model import Security

T = TypeVar("T")
KINDS = ("greeting", "capabilities", "starttls", "login methods", "oddity", "byte by byte", "cut off anywhere")


async def judge(row: Row) -> tuple[dict[str, Verdict], int]:
    """Return the verdict of each kind on *row*, and how many cuts were tried."""
    plain, _ = await play(row, Security.PLAIN)
    upgrade, stream = await play(row, Security.STARTTLS)
    inside, _ = await play(row, Security.TLS)
    cut, cuts = await cut_off(row)
    verdicts = {
        "greeting": transcript_verdicts.greeting(row, plain),
        "capabilities": transcript_verdicts.capabilities(row, plain),
        "starttls": transcript_verdicts.starttls(row, upgrade, stream.sent),
        "login methods": transcript_verdicts.login(row, plain, inside),
        "oddity": transcript_verdicts.oddity(row, plain, upgrade, inside),
        "byte by byte": await byte_by_byte(row),
        "cut off anywhere": cut,
    }
    return verdicts, cuts


async def byte_by_byte(row: Row) -> Verdict:
    """Is the result the same when every byte comes alone?"""
    for security in Security:
        whole, _ = await play(row, security)
        single, _ = await play(row, security, segment=1)
        # A byte behind the STARTTLS reply is refused by our buffer or, in a segment of its own, by the handshake.
        if (whole.hello, whole.failure) != (single.hello, single.failure) and not row.injected():
            return f"{security}: {single.failure or single.hello}, whole {whole.failure or whole.hello}"
    return True


async def cut_off(row: Row) -> tuple[Verdict, int]:
    """Does a connection that ends too early end in a typed failure, wherever that is?"""
    security = Security.STARTTLS if row.starttls else Security.TLS
    whole, stream = await play(row, security)
    for cut in range(stream.handed):
        talked, _ = await play(row, security, cut=cut)
        if talked.failure is None or talked.hello is not None:
            return f"after {cut} bytes: {talked.hello}", cut
    return (whole.failure is None) != (whole.hello is None), stream.handed


async def read_transcripts(rows: list[Row]) -> int:
    """Judge all *rows* and print the count of each kind; return how many verdicts are wrong."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    tried, wrong = 0, []
    started = perf_counter()
    for row in rows:
        verdicts, cuts = await judge(row)
        tried += cuts
        for kind, verdict in verdicts.items():
            counts[kind]["right" if verdict is True else "not said" if verdict is None else "wrong"] += 1
            wrong += [f"  {row.id} {kind}: {verdict}"] if verdict not in (True, None) else []
    print(f"{len(rows)} recorded servers, {tried} cuts, {perf_counter() - started:.1f} s")
    print(f"  {'':18}{'right':>7}{'wrong':>7}{'not said':>10}")
    for kind, count in counts.items():
        print(f"  {kind:18}{count['right']:7}{count['wrong']:7}{count['not said']:10}")
    print("\n".join(wrong))
    return len(wrong)


def load(path: Path, read: Callable[[dict[str, Any]], T]) -> list[T]:
    """Return the rows of a JSON-lines file, as *read* returns them; name those that cannot be read."""
    if not path.exists():
        print(f"{path.name}: not there")
        return []
    found: list[T] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found += [read(json.loads(line))] if line.strip() else []
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            print(f"{path.name}, line {number}, is not judged: {type(error).__name__} {error}")
    return found


def main(directory: str) -> int:
    """Print all counts; return the exit code: 1 if anything is misread or there is nothing to read."""
    folder = Path(directory)
    rows = load(folder / "transcripts.jsonl", Row.read)
    servers = load(folder / "attack_servers.jsonl", hostile.read)
    texts = load(folder / "error_texts.jsonl", replies.read)
    if not (rows or servers or texts):
        print(f"nothing to judge in {directory}")
        return 1
    wrong = trio.run(read_transcripts, rows) if rows else 0
    wrong += hostile.run(servers) if servers else 0
    wrong += replies.run(texts) if texts else 0
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.corpus DIRECTORY")
    sys.exit(main(sys.argv[1]))
