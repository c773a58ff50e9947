"""How full an IMAP mailbox is (RFC 9208 §4.1.2, §4.2.1, §5.1).

C: A24 GETQUOTAROOT INBOX
S: * QUOTAROOT INBOX ""
S: * QUOTA "" (STORAGE 1000 1024 MESSAGE 12 5000)         STORAGE in units of 1024 octets
S: A24 OK done
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailsettings.login.session import Course, Topic

NEARLY = 90  # per cent; some providers begin to refuse large mail there
_RESOURCE = re.compile(rb"([A-Za-z][A-Za-z-]{0,30}) +([0-9]{1,18}) +([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing of which there is only so much."""

    name: str  # STORAGE, MESSAGE …
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return self.used * 100 // self.limit

    def __str__(self) -> str:
        if self.name == "STORAGE":
            return f"{self.used // 1024} of {self.limit // 1024} MB"
        return f"{self.used} of {self.limit} ({self.name.lower()})"


def has_quotas(capabilities: Iterable[str]) -> bool:
    """Say whether the server knows quotas, by the older document or by the newer one."""
    return any(word == "QUOTA" or word.startswith("QUOTA=") for word in capabilities)


def weigh(course: Course, lines: Iterable[bytes]) -> None:
    """Write down the figures of *lines*, and what a user has to know of them."""
    found = tuple(resources(lines))
    if found:
        course.note(Topic.QUOTA, True, ("; ".join(map(str, found)).encode(),))
    for each in found:
        if each.percent >= NEARLY:
            code = "over-quota" if each.percent >= 100 else "quota-nearly-full"
            course.observe(code, f"QUOTA {each.name}: {each.used} of {each.limit}")


def resources(lines: Iterable[bytes]) -> Iterator[Resource]:
    """Yield what is limited; where a server says 0 it has no limit."""
    for line in lines:
        if not line.upper().startswith(b"* QUOTA "):
            continue
        for name, used, limit in _RESOURCE.findall(line.rpartition(b"(")[2]):
            if int(limit):
                yield Resource(name.decode().upper(), int(used), int(limit))
