"""State shared by requests: cached answers by domain, counters of the rate limits, leases.

Answers are in SQLite, so that they survive a restart and the workers of one machine share them; counters and leases are
in memory.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol as Interface

Clock = Callable[[], float]  # seconds since the epoch: what is stored outlives the process
_MAX_COUNTERS = 100_000  # of one time window, some 15 MB; a flood of visitors evicts the oldest


class Store(Interface):
    """A cache, counters and leases. No method raises: without its storage the service works on and remembers less."""

    async def get(self, key: str) -> bytes | None:
        """Return the value of *key*, None if there is none or it has expired."""
        ...

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds*; 0: not at all."""
        ...

    async def count(self, key: str, seconds: int) -> int:
        """Increment the counter of *key* and return it; it starts anew with every window of *seconds*."""
        ...

    async def acquire(self, key: str, holder: str, limit: int, seconds: int) -> bool:
        """Take one of the *limit* leases on *key* for *holder*; it expires after *seconds*. False if none is free."""
        ...

    async def release(self, key: str, holder: str) -> None:
        """End the lease of *holder* on *key*, if there still is one."""
        ...

    async def state(self) -> str:
        """Return "ok", or a word for what does not work."""
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
        ...


class Local:
    """A store for one machine."""

    def __init__(self, path: str = ":memory:", *, size: int = 10_000, clock: Clock = time.time) -> None:
        """*size* is the largest number of answers in the cache."""
        self._size = size
        self._clock = clock
        self._counts: dict[int, tuple[int, dict[str, int]]] = {}  # by length of the window: its number, the counters
        self._leases: dict[str, dict[str, float]] = {}  # by key: until when each holder has one
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
        excess = "SELECT key FROM answers ORDER BY used DESC LIMIT -1 OFFSET ?"
        _one(self._database, f"DELETE FROM answers WHERE key IN ({excess})", (self._size,))  # noqa: S608 - a constant

    async def count(self, key: str, seconds: int) -> int:
        number = int(self._clock() // seconds)
        window, counts = self._counts.get(seconds, (number, {}))
        if window != number:
            counts = {}  # all counters of a window expire together, so that none has to be searched for
        self._counts[seconds] = number, counts
        if key not in counts and len(counts) >= _MAX_COUNTERS:
            del counts[next(iter(counts))]
        counts[key] = counts.get(key, 0) + 1
        return counts[key]

    async def acquire(self, key: str, holder: str, limit: int, seconds: int) -> bool:
        now = self._clock()
        leases = {name: until for name, until in self._leases.get(key, {}).items() if until > now}
        if acquired := len(leases) < limit:
            leases[holder] = now + seconds
        self._leases[key] = leases
        return acquired

    async def release(self, key: str, holder: str) -> None:
        leases = self._leases.get(key, {})
        leases.pop(holder, None)
        if not leases:
            self._leases.pop(key, None)

    async def state(self) -> str:
        return "ok" if self._database is not None else "no-file"

    async def aclose(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _open(path: str) -> sqlite3.Connection | None:
    """Open the file; None if that fails: every answer is then searched for anew."""
    try:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Only one event loop at a time uses it, though perhaps not in the thread that opened it.
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
    """Run *query* and return its first row; None if there is none, or if the file is locked or broken."""
    try:
        with closing(database.execute(query, values)) as cursor:
            row: tuple[bytes] | None = cursor.fetchone()
            cursor.fetchall()  # a statement with RETURNING is complete only when all its rows have been read
            return row
    except sqlite3.Error:
        return None
