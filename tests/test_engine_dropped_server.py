"""A search drops a server at the very moment at which it answers: found in a run over the whole provider table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import anyio
import anyio.lowlevel
import pytest

from mailsettings import Detection, EmailAddress, Policy, detect
from mailsettings.interfaces import Answer, Net, Page
from mailsettings.leads import Lead
from mailsettings.model import Authority, Endpoint, Probe, Protocol, Question, Step
from mailsettings.testing import run_virtual
from tests.support.values import ADA, claim, failed, verified

SERVERS = ("imap://imap.example.org:993", "pop3://pop.example.org:995", "smtp://smtp.example.org:465")


@dataclass(frozen=True, slots=True)
class Silent:
    """A lookup that never answers."""

    number: int
    authority: Authority = Authority.GUESS

    async def run(self, net: Net) -> Sequence[Lead]:
        await anyio.sleep_forever()
        return ()


def source(_address: EmailAddress) -> Iterator[Lead]:
    """Yield a row of a table, and many lookups that are held back while the row may answer."""
    for order, where in enumerate(SERVERS):
        yield claim(where, Authority.TABLE, order=order)
    yield from map(Silent, range(40))


class Moments:
    """IMAP verifies at 0.5 s, when the table's time is up; POP3 fails some iterations of the event loop later."""

    policy = Policy()

    async def ask(self, question: Question) -> Answer:
        return Answer(question)

    async def resolve(self, host: str) -> tuple[str, ...]:
        return (host,)

    async def get(self, url: str, **_: object) -> Page:
        return Page(url, 404, "", b"")

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        on_step(Step.CONNECT)
        where = f"{endpoint.protocol}://{endpoint.host}:{endpoint.port}"
        if endpoint.protocol is Protocol.POP3:
            await anyio.sleep_until(0.5)
            for _ in range(self.yields):
                await anyio.lowlevel.checkpoint()
            return failed(where)
        on_step(Step.GREETING)
        await anyio.sleep_until(0.5 if endpoint.protocol is Protocol.IMAP else 2.0)
        return verified(where)

    def __init__(self, yields: int) -> None:
        self.yields = yields


@pytest.mark.slow
def test_a_server_may_answer_while_it_is_dropped() -> None:
    """
    Whenever that is: the search goes on to the servers that count.
    """

    async def search(yields: int) -> Detection:
        return await detect(ADA, sources=[source], net=Moments(yields))

    for yields in range(60):
        detection, _ = run_virtual(search, yields)

        assert (detection.incoming[0].verified, detection.outgoing[0].verified) == (True, True)
