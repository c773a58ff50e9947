"""A net that only answers DNS, for sources that ask nothing else."""

from collections.abc import Callable

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer, Page
from mailsettings.model import Endpoint, Probe, Question, Step
from mailsettings.policy import Policy


class Answers:
    """Knows a few answers; every other name does not exist."""

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
