"""DNS questions within the budget, each asked once per detection."""

from __future__ import annotations

from mailsettings.interfaces import Answer, Question
from mailsettings.net.budget import Budget, Resource
from mailsettings.net.cache import SingleFlight
from mailsettings.net.streams import Transport


class Asker:
    """Asks the transport's resolver."""

    def __init__(self, transport: Transport, budget: Budget) -> None:
        self._transport = transport
        self._budget = budget
        self._answers: SingleFlight[Question, Answer] = SingleFlight()

    async def ask(self, question: Question) -> Answer:
        """Return the answer. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK | BUDGET), the same to all who ask."""
        return await self._answers.get(question, lambda _: self._ask(question))

    def find(self, question: Question) -> Answer | None:
        """Return the answer if it is here already."""
        return self._answers.find(question)

    async def _ask(self, question: Question) -> Answer:
        self._budget.spend(Resource.DNS)
        return await self._transport.ask(question)
