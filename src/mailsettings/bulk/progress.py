"""The progress of a run as text for people: rate, share verified, time remaining. Pure; the caller passes the time."""

from __future__ import annotations

from collections import Counter

from mailsettings.schema import Object


class RunProgress:
    """Counts records. *total* is the number of addresses in the input, None if it is unknown."""

    def __init__(self, total: int | None, *, before: int = 0) -> None:
        """*before*: answered by earlier runs."""
        self._total = total
        self._before = before
        self._verdicts: Counter[str] = Counter()

    def count(self, record: Object) -> None:
        """Count one record."""
        self._verdicts[str(record["verdict"])] += 1

    def earlier(self, count: int) -> None:
        """Set the number of addresses that earlier runs answered, as far as it is known by now."""
        self._before = count

    @property
    def done(self) -> int:
        """The number of records of this run."""
        return self._verdicts.total()

    def line(self, seconds: float) -> str:
        """Return the progress after *seconds* as one line: `1,200 of 9,000  13 %  85/s  81 % verified  1:31 to go`."""
        done, rate = self._before + self.done, self.done / seconds if seconds > 0 else 0.0
        parts = [f"{done:,}{f' of {self._total:,}' if self._total else ''}"]
        if self._total:
            parts.append(f"{100 * done // self._total} %")
        parts += [f"{rate:.3g}/s", f"{100 * self._verdicts['verified'] // max(self.done, 1)} % verified"]
        if self._total and rate:
            parts.append(f"{_clock((self._total - done) / rate)} to go")
        return "  ".join(parts)

    def summary(self, seconds: float) -> str:
        """Return the summary of a run that took *seconds*, to print at its end."""
        kinds = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(self._verdicts.items())) or "nothing new"
        earlier = f"; {self._before:,} were there before" if self._before else ""
        return f"{self.done:,} answered in {_clock(seconds)}: {kinds}{earlier}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
