"""How full an IMAP mailbox is (RFC 9208 §4.1.2, §4.2.1, §5.1).

C: A60 GETQUOTAROOT INBOX
S: * QUOTAROOT INBOX ""
S: * QUOTA "" (STORAGE 1000 1024 MESSAGE 12 5000)         STORAGE in units of 1024 octets
S: A60 OK done
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailsettings.login.imap import Tags, command
from mailsettings.login.session import Course
from mailsettings.wire.turns import Turn

NEARLY = 90  # per cent; some providers begin to refuse large mail there
_FIRST_TAG = 60  # the login has used the lower ones
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


def look(course: Course) -> Turn[None]:
    """Ask how full the inbox's root is, where the server knows quotas, and write down what a user has to know."""
    if not course.opened or not any(word == "QUOTA" or word.startswith("QUOTA=") for word in course.capabilities):
        return
    reply = yield from command(Tags(course.tag, _FIRST_TAG).next(), "GETQUOTAROOT INBOX", course.max_lines)
    found = tuple(resources(reply.untagged))
    if found:
        course.note("quota", reply.ok, ("; ".join(map(str, found)).encode(),))
    for each in found:
        if each.percent >= 100:
            course.observe("over-quota", f"{each}: {each.percent} %")
        elif each.percent >= NEARLY:
            course.observe("quota-nearly-full", f"{each}: {each.percent} %")


def resources(lines: Iterable[bytes]) -> Iterator[Resource]:
    """Yield what is limited; where a server says 0 it has no limit."""
    for line in lines:
        if not line.upper().startswith(b"* QUOTA "):
            continue
        for name, used, limit in _RESOURCE.findall(line.rpartition(b"(")[2]):
            if int(limit):
                yield Resource(name.decode().upper(), int(used), int(limit))
