"""Services beside mail, as DNS names them."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import SRV, Answer
from mailsettings.model import Note, Question, Service
from mailsettings.sources.services import services
from tests.support.fake_net import Web, lookups_in, run_all, without_evidence
from tests.support.values import ADA


def answer(label: str, *records: SRV) -> Answer:
    return Answer(Question(f"{label}._tcp.example.org", "SRV"), records)


def test_the_questions() -> None:
    """
    Three questions to DNS, and no request to any server.
    """
    assert lookups_in(list(services(ADA))) == [
        f"{label}._tcp.example.org SRV" for label in ("_caldavs", "_carddavs", "_sieve")
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("records", "lead"),
    [
        pytest.param(
            answer("_caldavs", SRV(0, 1, 443, "dav.example.org")),
            Service("caldav", "https://dav.example.org/.well-known/caldav"),
            id="calendar",
        ),
        pytest.param(
            answer("_carddavs", SRV(0, 1, 8443, "dav.example.org")),
            Service("carddav", "https://dav.example.org:8443/.well-known/carddav"),
            id="address book on another port",
        ),
        pytest.param(
            answer("_sieve", SRV(20, 1, 4190, "b.example.org"), SRV(10, 1, 4190, "a.example.org")),
            Service("managesieve", "sieve://a.example.org"),
            id="filters, by priority",
        ),
        pytest.param(
            answer("_sieve", SRV(0, 1, 4190, "localhost")),
            Note("_sieve._tcp.example.org SRV names a target that is no server"),
            id="this machine",
        ),
    ],
)
async def test_services(records: Answer, lead: object) -> None:
    """
    The most preferred record of a service is reported as a URL.
    """
    assert without_evidence(await run_all(list(services(ADA)), Web({}, records))) == [lead]


@pytest.mark.anyio
async def test_a_service_that_is_not_offered() -> None:
    """
    RFC 2782: the target "." means no.
    """
    assert await run_all(list(services(ADA)), Web({}, answer("_sieve", SRV(0, 0, 0, "")))) == []
