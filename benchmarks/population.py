"""How many domains the user is asked about: three hundred in the shares of the world, each with its right answer.

    python -m benchmarks.population             a table of the kinds of domains under both policies
    python -m benchmarks.population --asked     and each domain that is asked about, with the reason
    python -m benchmarks.population --unfound   and each domain whose servers were not found

Virtual time, in memory. *Asked*: the first choice of a direction has trust `confirm`. *Wrong*: a password may be sent
without asking to a server that is not the domain's. *Misled*: the user is asked about such a server.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fake_zones import add_zones
from benchmarks.latency import search
from benchmarks.mail_domains import MAY_ASK, Kind, MailDomain
from benchmarks.mix import mail_domains
from benchmarks.shared_zones import zones
from mailsettings import Choice, Detection, Policy
from mailsettings.model import ConfirmReason, Trust
from mailsettings.testing import FakeNetwork, run_virtual

RTT = 0.04  # seconds
AT_MOST_ASKED = 0.15  # of those with an answer
POLICIES = {"personal": Policy.personal(), "service": Policy.service()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a detection says about one domain."""

    domain: MailDomain
    detection: Detection

    @property
    def best(self) -> tuple[Choice, ...]:
        """The verified first choices, at most one for each direction."""
        firsts = (*self.detection.incoming[:1], *self.detection.outgoing[:1])
        return tuple(choice for choice in firsts if choice.verified)

    @property
    def answered(self) -> bool:
        """True if servers for both directions were verified."""
        return len(self.best) == 2

    @property
    def found(self) -> bool:
        """True if all that was found is right, and nothing is missing that the domain has."""
        return not any(self._strangers()) and self.answered == bool(self.domain.incoming)

    @property
    def asked(self) -> bool:
        """True if the user has to agree to a server."""
        return any(choice.trust is Trust.CONFIRM for choice in self.best) or bool(self.detection.confirm)

    @property
    def wrong(self) -> bool:
        """True if a password may be sent to a server that is not the domain's."""
        return any(choice.trust.allows_password for choice in self._strangers())

    @property
    def misled(self) -> bool:
        """True if the user is asked to agree to a server that is not the domain's."""
        return any(choice.trust is Trust.CONFIRM for choice in self._strangers())

    @property
    def reasons(self) -> dict[str, ConfirmReason | None]:
        """The servers that the user is asked about, each with the reason."""
        return {
            f"{choice.endpoint.host}:{choice.endpoint.port}": choice.confirm_reason
            for choice in self.best
            if choice.trust is Trust.CONFIRM
        }

    def _strangers(self) -> Iterator[Choice]:
        for choice, right in zip(
            (*self.detection.incoming[:1], *self.detection.outgoing[:1]), self._right(), strict=False
        ):
            if choice.verified and choice.endpoint.host not in right:
                yield choice

    def _right(self) -> Iterator[frozenset[str]]:
        yield from (self.domain.incoming,) * bool(self.detection.incoming)
        yield from (self.domain.outgoing,) * bool(self.detection.outgoing)


def outcomes(domains: Iterable[MailDomain], net: FakeNetwork, policy: Policy) -> Iterator[Outcome]:
    """Run a detection for each of *domains* in the world *net*."""
    for domain in domains:
        detection, _ = run_virtual(search, net, domain.address, policy)
        yield Outcome(domain, detection)


def world(domains: Sequence[MailDomain]) -> FakeNetwork:
    """Return a network with *domains* and everything around them."""
    net = FakeNetwork(rtt=RTT)
    add_zones(net, zones(domains))
    return net


def missed_bars(found: Sequence[Outcome]) -> Iterator[str]:
    """Yield what must not be so."""
    # Without the machine's own name there would be no answer at all, so these are no questions too many.
    counted = [each for each in found if each.domain.kind is not Kind.NAMED_BY_SERVER]
    asked, answered = sum(each.asked for each in counted), sum(each.answered for each in counted)
    if asked > AT_MOST_ASKED * answered:
        yield f"asked about {asked} of {answered} domains with an answer, more than {AT_MOST_ASKED:.0%}"
    for each in found:
        if each.wrong:
            yield f"{each.domain.name} ({each.domain.kind}): a password may go to the wrong server"
        if each.asked and each.domain.kind not in MAY_ASK:
            yield f"{each.domain.name} ({each.domain.kind}): asked about {_listed(each.reasons)}"


def table(found: Sequence[Outcome]) -> Iterator[str]:
    """Yield a line for each kind, and one for all."""
    yield f"{'':46} domains   share  answered  right  asked  misled  wrong"
    for kind in Kind:
        yield _line(kind, [each for each in found if each.domain.kind is kind], len(found))
    yield _line("all", found, len(found))


def reasons(found: Iterable[Outcome]) -> str:
    """Return how many domains are asked about for which reason."""
    counted = Counter(why for each in found for why in set(each.reasons.values()))
    return f"why: {', '.join(f'{why} {count}' for why, count in counted.most_common())}"


def _line(name: str, rows: Sequence[Outcome], total: int) -> str:
    answered, right, asked, misled, wrong = (
        sum(getattr(each, what) for each in rows) for what in ("answered", "found", "asked", "misled", "wrong")
    )
    return f"{name:46} {len(rows):7} {len(rows) / total:7.1%} {answered:9} {right:6} {asked:6} {misled:7} {wrong:6}"


def main() -> int:
    """Print the tables; the exit code is 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asked", action="store_true", help="list the domains that are asked about")
    parser.add_argument("--unfound", action="store_true", help="list the domains whose answer is not right")
    wanted = parser.parse_args()
    domains = mail_domains()
    missed: list[str] = []
    summary = []
    for name, policy in POLICIES.items():
        found = tuple(outcomes(domains, world(domains), policy))
        print(f"\npolicy {name}\n", *table(found), "", reasons(found), sep="\n")
        for each in found:
            if wanted.asked and each.asked:
                print(f"asked    {each.domain.name}  {each.domain.kind}: {_listed(each.reasons)}")
            if wanted.unfound and not each.found:
                print(f"unfound  {each.domain.name}  {each.domain.kind}, {each.domain.site.text}: {_told(each)}")
        missed += [f"{name}: {bar}" for bar in missed_bars(found)]
        asked, answered = sum(each.asked for each in found), sum(each.answered for each in found)
        summary.append(f"{name} {asked} of {answered} ({asked / answered:.1%})")
    print("", *missed, sep="\n")
    print(f"asked about: {', '.join(summary)}; bars missed: {len(missed)}")
    return int(bool(missed))


def _listed(servers: Mapping[str, ConfirmReason | None]) -> str:
    return ", ".join(f"{server} {why}" for server, why in servers.items())


def _told(outcome: Outcome) -> str:
    shown = (f"{choice.endpoint.host}:{choice.endpoint.port} {choice.trust}" for choice in outcome.best)
    return ", ".join(shown) or outcome.detection.settled_by


if __name__ == "__main__":
    sys.exit(main())
