"""JMAP: the session resource, found by SRV or at its usual place."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import SRV, Answer, Page
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import Authority, Note, Protocol, Question, Service
from mailsettings.sources.jmap import jmap
from tests.support.fake_net import Reply, Web, claims_in, endpoints_in, first_lookup, run_all, without_evidence
from tests.support.values import ADA

SESSION = b'{"capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}}}'


USUAL = "https://example.org/.well-known/jmap"


NAMED = "https://jmap.example.org/.well-known/jmap"


def jmap_srv(target: str, port: int = 443) -> Answer:
    return Answer(Question("_jmap._tcp.example.org", "SRV"), (SRV(0, 1, port, target),))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("pages", "authority"),
    [
        pytest.param({NAMED: 401}, Authority.SRV, id="named by SRV, 401"),
        pytest.param({NAMED: SESSION}, Authority.SRV, id="named by SRV, session"),
        pytest.param({USUAL: SESSION}, Authority.DOMAIN, id="usual place, session"),
        pytest.param({USUAL: 401}, Authority.GUESS, id="usual place, 401"),
    ],
)
async def test_jmap(pages: dict[str, Reply], authority: Authority) -> None:
    """
    A session, or a 401 where the domain says there is one, is a service; an unasked-for 401 is only a guess.
    """
    net = Web(pages, jmap_srv("jmap.example.org"))

    leads = await run_all(list(jmap(ADA)), net)

    assert [(claim.endpoint.protocol, claim.evidence.authority) for claim in claims_in(leads)] == [
        (Protocol.JMAP, authority)
    ]
    assert Service("jmap", next(iter(pages))) in without_evidence(leads)


@pytest.mark.anyio
@pytest.mark.parametrize("reply", [404, 200, b"<html>", b'{"capabilities": {"urn:ietf:params:jmap:core": {}}}'])
async def test_no_jmap(reply: Reply) -> None:
    """
    Anything else at the usual place is no mail service.
    """
    assert claims_in(await run_all(list(jmap(ADA)), Web({USUAL: reply}))) == []


@pytest.mark.anyio
async def test_jmap_is_where_the_redirects_end() -> None:
    """
    RFC 8620 §2.2: the session is at the end of the redirects.
    """
    there = Page("https://api.example.org/session", 401, "", b"", (NAMED, "https://api.example.org/session"))

    leads = await run_all(list(jmap(ADA)), Web({NAMED: there}, jmap_srv("jmap.example.org")))

    assert endpoints_in(leads) == ["jmap://api.example.org:443 (tls)"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "lead"),
    [
        pytest.param(
            jmap_srv("", 0), NotOffered(Protocol.JMAP, Question("_jmap._tcp.example.org", "SRV")), id="not offered"
        ),
        pytest.param(
            jmap_srv("jmap.example.org", 22),
            Note("_jmap._tcp.example.org SRV names port 22; only 443 is asked"),
            id="another port",
        ),
    ],
)
async def test_jmap_records_are_no_port_scanner(answer: Answer, lead: Lead) -> None:
    """
    A record can say no, and cannot send us to other ports.
    """
    net = Web({}, answer)

    assert list(await first_lookup(jmap(ADA)).run(net)) == [lead]
