"""What is remembered between requests: answers by domain, and who has asked how often.

Answers lie in SQLite, so that a restart and the workers of one machine share them; counts are kept in memory.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol as Interface

Clock = Callable[[], float]  # seconds since the epoch: what is stored outlives the process
_MAX_COUNTERS = 100_000  # counters of one stretch of time, some 15 MB: the oldest makes room, whatever floods us


class Store(Interface):
    """Shared memory of requests. Nothing here raises: who cannot remember goes on without."""

    async def get(self, key: str) -> bytes | None:
        """Return what was put at *key*, unless its time is over."""
        ...

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep *value* for *seconds*."""
        ...

    async def count(self, key: str, seconds: int) -> int:
        """Count one more for *key* and return how many there were in this stretch of *seconds*."""
        ...

    async def acquire(self, key: str, who: str, most: int, seconds: int) -> bool:
        """Let *who* into *key* if fewer than *most* are inside; who does not leave is put out after *seconds*."""
        ...

    async def release(self, key: str, who: str) -> None:
        """Give the place back."""
        ...

    async def state(self) -> str:
        """Say in one word how it is: ok, or what does not work."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...


class Local:
    """A store for one machine."""

    def __init__(self, path: str = ":memory:", *, size: int = 10_000, clock: Clock = time.time) -> None:
        """*size* is how many answers are kept."""
        self._size = size
        self._clock = clock
        self._counts: dict[int, tuple[int, dict[str, int]]] = {}  # by the seconds of a stretch: its number, and who
        self._inside: dict[str, dict[str, float]] = {}
        self._database = _open(path)

    async def get(self, key: str) -> bytes | None:
        if self._database is None:
            return None
        query = "UPDATE answers SET used = ?2 WHERE key = ?1 AND until > ?2 RETURNING value"
        row = _one(self._database, query, (key, self._clock()))
        return row[0] if row else None

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        if self._database is None or seconds <= 0:
            return
        now = self._clock()
        _one(self._database, "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", (key, value, now + seconds, now))
        _one(self._database, "DELETE FROM answers WHERE until <= ?", (now,))
        spare = "SELECT key FROM answers ORDER BY used DESC LIMIT -1 OFFSET ?"
        _one(self._database, f"DELETE FROM answers WHERE key IN ({spare})", (self._size,))  # noqa: S608 - a constant

    async def count(self, key: str, seconds: int) -> int:
        number = int(self._clock() // seconds)
        stretch, counts = self._counts.get(seconds, (number, {}))
        if stretch != number:
            counts = {}  # all of them are over at the same moment: nothing has to be looked for
        self._counts[seconds] = number, counts
        if key not in counts and len(counts) >= _MAX_COUNTERS:
            del counts[next(iter(counts))]
        counts[key] = counts.get(key, 0) + 1
        return counts[key]

    async def acquire(self, key: str, who: str, most: int, seconds: int) -> bool:
        now = self._clock()
        inside = {name: until for name, until in self._inside.get(key, {}).items() if until > now}
        if let := len(inside) < most:
            inside[who] = now + seconds
        self._inside[key] = inside
        return let

    async def release(self, key: str, who: str) -> None:
        inside = self._inside.get(key, {})
        inside.pop(who, None)
        if not inside:
            self._inside.pop(key, None)

    async def state(self) -> str:
        return "ok" if self._database is not None else "no-file"

    async def aclose(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _open(path: str) -> sqlite3.Connection | None:
    """Open the file, or None where that cannot be done: answers are then looked for anew each time."""
    try:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        # One event loop at a time uses it, though perhaps not in the thread that made it.
        database = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        database.executescript(_SCHEMA)
    except (OSError, sqlite3.Error):
        return None
    return database


_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value BLOB, until REAL, used REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON answers (used);
"""


def _one(database: sqlite3.Connection, query: str, values: tuple[object, ...]) -> tuple[bytes] | None:
    """Run *query* and return its first row; a file that is locked or broken has none."""
    try:
        with closing(database.execute(query, values)) as cursor:
            row: tuple[bytes] | None = cursor.fetchone()
            cursor.fetchall()  # a statement with RETURNING is over only when it has been read to its end
            return row
    except sqlite3.Error:
        return None
