"""Fake DNS zones: records in, answers and faults out. Pure.

example.org             MX   10 mx.example.org
_imaps._tcp.example.org SRV  0 1 993 imap.example.org
*.example.org           A    192.0.2.1          ; wildcards as in RFC 4592 §3.3
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from mailsettings.hostnames import inside
from mailsettings.interfaces import MX, SRV, Answer, Record
from mailsettings.model import Question

MAX_ALIASES = 16  # CNAMEs in a row; resolvers answer SERVFAIL after about as many (unbound: 11, dnspython: 16)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a question: an answer, or SERVFAIL (None), after *delay* seconds (infinity: it times out)."""

    answer: Answer | None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class DnsFault:
    """A fault of the questions it matches: all of them, those at and below *name*, or just *name* *type*."""

    name: str = ""
    type: str = ""
    delay: float = 0.0  # seconds; infinity: no answer
    servfail: bool = False

    def matches(self, name: str, type_: str) -> bool:
        """Say whether the fault applies to the question *name* *type_*."""
        if self.type:
            return (self.name or name, self.type) == (name, type_)
        return not self.name or inside(name, self.name)


class FakeZones:
    """All DNS records and faults of a fake network."""

    def __init__(self) -> None:
        self.faults: list[DnsFault] = []  # a later one overrides an earlier one
        self.signed: set[str] = set()
        self._records: dict[tuple[str, str], list[tuple[Record, ...]]] = {}
        self._nodes: set[str] = set()
        self._asked: Counter[tuple[str | None, str]] = Counter()

    def add(self, name: str, type_: str, texts: Iterable[str]) -> None:
        """Add records to those that *name* *type_* has."""
        name = host_name(name)
        versions = self._records.setdefault((name, type_), [()])
        versions[-1] += tuple(parse_record(type_, text) for text in texts)
        self._grow(name)

    def change(self, name: str, type_: str, texts: Iterable[str]) -> None:
        """Answer with other records from the next question on: the second after one call, the third after two."""
        name = host_name(name)
        versions = self._records.setdefault((name, type_), [()])
        versions.append(tuple(parse_record(type_, text) for text in texts))
        self._grow(name)

    def _grow(self, name: str) -> None:
        """Let *name* and everything above it exist: no ancestor of a name is NXDOMAIN (RFC 8020)."""
        labels = name.split(".")
        self._nodes.update(".".join(labels[start:]) for start in range(len(labels)))

    def outcome(self, question: Question) -> Outcome:
        """Answer *question* as a resolver would, CNAMEs followed, and count that it was asked."""
        outcome, hops = self._resolve(question)
        self._asked.update((owner, type_) for owner in map(self._owner, hops) for type_ in {question.type, "CNAME"})
        return outcome

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of *name* without counting that they were asked for."""
        outcomes = (self._resolve(Question(host_name(name), type_))[0] for type_ in ("A", "AAAA"))
        return tuple(str(record) for outcome in outcomes if outcome.answer for record in outcome.answer.records)

    def _resolve(self, question: Question) -> tuple[Outcome, tuple[str, ...]]:
        """Return the outcome, and every name of the CNAME chain."""
        hops, delay = [question.name], 0.0
        while True:
            fault = self._fault(hops[-1], question.type)
            delay += fault.delay
            if fault.servfail or len(hops) > MAX_ALIASES + 1:
                return Outcome(None, delay), tuple(hops)
            target = self._alias(hops[-1], question.type)
            if target is None:
                return Outcome(self._answer(question, tuple(hops)), delay), tuple(hops)
            hops.append(target)

    def _answer(self, question: Question, hops: tuple[str, ...]) -> Answer:
        owner = self._owner(hops[-1])
        authentic = all(any(inside(hop, zone) for zone in self.signed) for hop in hops)
        return Answer(question, self._current(owner, question.type), owner is not None, authentic, hops[1:])

    def _alias(self, name: str, type_: str) -> str | None:
        records = () if type_ == "CNAME" else self._current(self._owner(name), "CNAME")
        return str(records[0]) if records else None

    def _owner(self, name: str) -> str | None:
        """Return the name whose records answer for *name*: itself, a wildcard, or None where nothing exists."""
        if name in self._nodes:
            return name
        encloser = name
        while encloser and encloser not in self._nodes:
            encloser = encloser.partition(".")[2]
        wildcard = f"*.{encloser}" if encloser else "*"
        return wildcard if wildcard in self._nodes else None

    def _current(self, owner: str | None, type_: str) -> tuple[Record, ...]:
        """Return the records of *owner*, which may change from question to question."""
        versions = self._records.get((owner or "", type_), [()])
        return versions[min(self._asked[owner, type_], len(versions) - 1)]

    def _fault(self, name: str, type_: str) -> DnsFault:
        return next((fault for fault in reversed(self.faults) if fault.matches(name, type_)), DnsFault())


def parse_record(type_: str, text: str) -> Record:
    """Parse one record's data as a zone file has it. ValueError if it is not of its type."""
    match type_:
        case "A" | "AAAA":
            return str(ip_address(text))
        case "MX":
            preference, host = text.split()
            return MX(int(preference), host_name(host))
        case "SRV":
            priority, weight, port, target = text.split()
            return SRV(int(priority), int(weight), int(port), host_name(target))
        case "CNAME" | "NS" | "PTR":
            return host_name(text)
        case _:
            return "".join(re.findall(r'"([^"]*)"', text)) if text.startswith('"') else text


def parse_zone(text: str) -> tuple[tuple[str, str, str], ...]:
    """Parse lines of name, type and data; TTL and class may stand between them, names are absolute."""
    lines = (re.sub(r"(^|\s);.*", "", line).strip() for line in text.splitlines())
    return tuple(_parse_line(line) for line in lines if line)


def _parse_line(line: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(\S+)\s+(?:\d+\s+)?(?:IN\s+)?([A-Z0-9]+)\s+(.+)", line)
    if found is None:
        raise ValueError(f"zone line {line!r} is not name, type and data")
    return found[1], found[2], found[3]


def host_name(text: str) -> str:
    """Return a name as Question has it: lower case, without the last dot."""
    return text.lower().removesuffix(".")
