"""PACC, mailconf, JMAP and the local folder."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import xml
from mailsettings.interfaces import SRV, Answer, Page
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import Authority, Note, Protocol, Question, Service
from mailsettings.policy import Policy
from mailsettings.sources.directory import directory_at
from mailsettings.sources.jmap import jmap
from mailsettings.sources.mailconf import mailconf
from mailsettings.sources.pacc import PaccDocument, pacc
from tests.formats.documents import autoconfig as document
from tests.formats.documents import incoming
from tests.sources.webs import Reply, Web, claims_in, endpoints_in, first_lookup, lookups_in, run_all
from tests.values import ADA, ada

FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]

PACC_URL = "https://ua-auto-config.example.org/.well-known/user-agent-configuration.json"
PACC = b'{"protocols": {"imap": {"host": "imap.example.org"}, "submit": {"host": "smtp.example.org"}}, "info": {}}'
PACC_TXT = f"v=UAAC1; a=sha256; d={base64.b64encode(hashlib.sha256(PACC).digest()).decode()}"


def txt(name: str, *records: str, authentic: bool = False) -> Answer:
    return Answer(Question(name, "TXT"), records, authentic=authentic)


@pytest.mark.anyio
async def test_pacc() -> None:
    """
    A document that DNS vouches for is the domain's word, behind its autoconfig documents.
    """
    net = Web({PACC_URL: PACC}, txt("_ua-auto-config.example.org", PACC_TXT))

    claims = claims_in(await run_all(list(pacc(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == [
        "imap://imap.example.org:993 (tls)",
        "smtp://smtp.example.org:465 (tls)",
    ]
    assert {(c.evidence.authority, c.evidence.authentic, c.order >= 100) for c in claims} == {
        (Authority.DOMAIN, True, True)
    }


@pytest.mark.anyio
async def test_pacc_costs_one_question_where_there_is_none() -> None:
    """
    Without a digest no document can count, so that none is fetched.
    """
    net = Web({PACC_URL: PACC}, txt("_ua-auto-config.example.org", "v=spf1 -all"))

    assert (await run_all(list(pacc(ADA)), net), net.requests) == ([], {})


@pytest.mark.anyio
async def test_pacc_with_another_digest_is_invalid() -> None:
    """
    What DNS does not vouch for does not count.
    """
    with pytest.raises(DocumentError) as caught:
        await PaccDocument("example.org", (b"x" * 32,)).run(Web({PACC_URL: PACC}))

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "signed", "authority", "authentic"),
    [
        pytest.param("https://www.example.org/a.xml", False, Authority.DOMAIN, True, id="own https host"),
        pytest.param("https://hoster.example/a.xml", False, Authority.HTTP_DOCUMENT, False, id="foreign https host"),
        pytest.param("https://hoster.example/a.xml", True, Authority.DOMAIN, True, id="foreign host, signed record"),
        pytest.param("http://www.example.org/a.xml", True, Authority.HTTP_DOCUMENT, False, id="in clear"),
    ],
)
async def test_mailconf(url: str, authority: Authority, *, signed: bool, authentic: bool) -> None:
    """
    Who points there may be forged unless DNSSEC signs it; a document of the domain's own host cannot.
    """
    net = Web({url: document()}, txt("example.org", f"mailconf={url}", authentic=signed))

    claims = claims_in(await run_all(list(mailconf(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    assert {(claim.evidence.authority, claim.evidence.authentic) for claim in claims} == {(authority, authentic)}


@pytest.mark.anyio
async def test_mailconf_in_clear_can_be_switched_off() -> None:
    """
    allow_http=False counts for pointers too.
    """
    url = "http://www.example.org/a.xml"
    net = Web({url: document()}, txt("example.org", f"mailconf={url}"), policy=Policy(allow_http=False))

    leads = await run_all(list(mailconf(ADA)), net)

    assert ([type(lead) for lead in leads], net.requests) == ([Note], {})


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
    assert Service("jmap", next(iter(pages))) in leads


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


def test_a_local_folder(tmp_path: Path) -> None:
    """
    A document in the folder is the user's own word, at once and without asking anybody.
    """
    (tmp_path / "example.org.xml").write_bytes(document())

    leads = list(directory_at(tmp_path)(ADA))

    assert (endpoints_in(leads), lookups_in(leads)) == (FOUND, [])
    assert {claim.evidence.authority for claim in claims_in(leads)} == {Authority.OWN_TABLE}


def test_a_local_folder_without_the_domain(tmp_path: Path) -> None:
    """
    No document, no word; the file of a parent domain is not meant.
    """
    (tmp_path / "example.org.xml").write_bytes(document())

    assert list(directory_at(tmp_path)(ada("mail.example.org"))) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>", id="web page"),
        pytest.param(b"<clientConfig>", id="cut off"),
        pytest.param(b"<clientConfig>" + b" " * (2 * xml.MAX_BYTES), id="endless"),
        pytest.param(document(incoming(port="0")), id="a broken section"),
    ],
)
def test_a_local_folder_with_a_broken_document(tmp_path: Path, content: bytes) -> None:
    """
    What is wrong with a local document is said by file name.
    """
    (tmp_path / "example.org.xml").write_bytes(content)

    (note,) = directory_at(str(tmp_path))(ADA)

    assert isinstance(note, Note)
    assert note.text.startswith(f"{tmp_path}/example.org.xml: ")
