"""Nets for sources: one that answers DNS only, and one that serves documents as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.interfaces import Answer, Page
from mailsettings.leads import Lead, Lookup, is_lookup
from mailsettings.model import Claim, Endpoint, Fact, Probe, Question, Step
from mailsettings.policy import Policy


class Answers:
    """A net with a few DNS answers; every other name does not exist."""

    def __init__(self, *answers: Answer, policy: Policy | None = None) -> None:
        self._answers = {answer.question: answer for answer in answers}
        self.policy = policy or Policy()

    async def ask(self, question: Question) -> Answer:
        return self._answers.get(question, Answer(question, exists=False))

    async def resolve(self, host: str) -> tuple[str, ...]:
        found = [await self.ask(Question(host, kind)) for kind in ("A", "AAAA")]
        records = tuple(str(record) for answer in found for record in answer.records)
        if not records:
            raise NetworkError(FailureKind.NO_SUCH_NAME, f"{host} does not exist")
        return records

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        raise NetworkError(FailureKind.HTTP_STATUS, "404")

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        raise AssertionError(f"{endpoint} is not to be contacted here")


Reply = bytes | int | FailureKind | Page


class Web(Answers):
    """Serves *pages* by URL: a body, an HTTP status, a failure, or a whole page. Everything else is no such name."""

    def __init__(self, pages: dict[str, Reply], *answers: Answer, policy: Policy | None = None) -> None:
        super().__init__(*answers, policy=policy)
        self._pages = pages
        self.requests: dict[str, bytes] = {}  # "POST https://…" and the body sent

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        self.requests[f"{method} {url}"] = body
        reply = self._pages.get(f"{method} {url}", self._pages.get(url, FailureKind.NO_SUCH_NAME))
        if isinstance(reply, FailureKind):
            raise NetworkError(reply, url)
        if isinstance(reply, bytes):
            return Page(url, 200, "text/xml", reply, (url,))
        page = reply if isinstance(reply, Page) else Page(url, reply, "text/html", b"", (url,))
        if page.status >= 300 and page.status not in answers:
            raise NetworkError(FailureKind.HTTP_STATUS, str(page.status))
        return page


async def run_all(leads: Sequence[Lead], net: Web) -> list[Lead]:
    """Run every lookup in *leads* and those that follow, and return what is no lookup; failures are left out."""
    found: list[Lead] = []
    waiting = list(leads)
    while waiting:
        lead = waiting.pop(0)
        if is_lookup(lead):
            with suppress(NetworkError, DocumentError):
                waiting += await lead.run(net)
        else:
            found.append(lead)
    return found


def first_lookup(leads: Iterable[Lead]) -> Lookup:
    """Return the first of *leads* that asks the network."""
    return next(lead for lead in leads if is_lookup(lead))


def without_evidence(leads: Iterable[Lead]) -> list[object]:
    """Return *leads*, of each fact only its value."""
    return [lead.value if isinstance(lead, Fact) else lead for lead in leads]


def claims_in(leads: Sequence[Lead]) -> list[Claim]:
    return [lead for lead in leads if isinstance(lead, Claim)]


def endpoints_in(leads: Sequence[Lead]) -> list[str]:
    return [str(claim.endpoint) for claim in claims_in(leads)]


def lookups_in(leads: Sequence[Lead]) -> list[str]:
    return [str(lead) for lead in leads if is_lookup(lead)]
