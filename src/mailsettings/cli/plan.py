"""`mailsettings --plan ADDRESS`: every URL and DNS question in order of authority, and what it discloses.

the domain itself
  https://autoconfig.example.org/mail/config-v1.1.xml
      sends the address as ?emailaddress=, if the answer without it is no document
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from mailsettings.cli.backend import Backend
from mailsettings.cli.card import PROVENANCE_LABELS
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.options import DetectOptions
from mailsettings.cli.terminal import wrapped
from mailsettings.escape import printable
from mailsettings.leads import FollowedUp, Lead, Lookup, disclosed, is_lookup
from mailsettings.model import Claim, Note
from mailsettings.policy import Policy
from mailsettings.schema import Object, dumps, plain

if TYPE_CHECKING:
    from mailsettings.address import EmailAddress

_HEAD = (
    "For {address} this would be asked first. A question is told nothing but its own name or URL where nothing else is "
    "said; what follows depends on the answers."
)


def print_plan(address: EmailAddress, options: DetectOptions, backend: Backend) -> ExitCode:
    """Print what would be looked up first, and the servers that are known without a lookup."""
    policy = options.policy()
    leads = backend.plan(address, sources=options.selected_sources(backend), policy=policy)
    if options.as_json:
        print(dumps({"address": str(address), **_as_json(leads, policy)}, indent=2))
    else:
        print("\n".join(_page(str(address), leads, policy)))
    return ExitCode.VERIFIED


def _as_json(leads: Sequence[Lead], policy: Policy) -> Object:
    questions = [_lookup_as_json(lookup, policy) for lookup in _lookups(leads)]
    return {
        "lookups": [question["asks"] for question in questions],
        "questions": questions,
        "servers": [plain(claim) for claim in _claims(leads)],
        "notes": [str(lead) for lead in leads if isinstance(lead, Note)],
    }


def _lookups(leads: Iterable[Lead]) -> Iterator[Lookup]:
    return (lead for lead in leads if is_lookup(lead))


def _claims(leads: Iterable[Lead]) -> list[Claim]:
    return [lead for lead in leads if isinstance(lead, Claim)]


def _lookup_as_json(lookup: Lookup, policy: Policy) -> Object:
    """Return the question, the best authority an answer could have, what is sent, and what usually follows."""
    return {
        "asks": str(lookup),
        "authority": plain(lookup.authority),
        "sends": disclosed(lookup, policy) or "",
        "then": lookup.then if isinstance(lookup, FollowedUp) else "",
    }


def _page(address: str, leads: Sequence[Lead], policy: Policy) -> Iterator[str]:
    yield from wrapped(_HEAD.format(address=printable(address)))
    questions = [_lookup_as_json(lookup, policy) for lookup in _lookups(leads)]
    for authority, group in groupby(questions, key=lambda question: str(question["authority"])):
        yield f"\n{PROVENANCE_LABELS[authority]}"
        for question in group:
            yield from _question_lines(question)
    if claims := _claims(leads):
        yield "\nknown without asking, and contacted"
        yield from (f"  {claim.endpoint}, {printable(claim.evidence.locator)}" for claim in claims)
    yield from (f"\n{printable(str(lead))}" for lead in leads if isinstance(lead, Note))


def _question_lines(question: Object) -> Iterator[str]:
    yield f"  {printable(question['asks'])}"
    for label in ("sends", "then"):
        if question[label]:
            yield from wrapped(printable(question[label]), first=f"      {label:6}")
