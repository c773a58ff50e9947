"""SRV records: their order, their ports, and what they refuse."""

from collections import Counter

import pytest

from mailsettings.interfaces import SRV, Answer
from mailsettings.leads import NotOffered
from mailsettings.model import Authority, Claim, Note, Protocol, Question, Security
from mailsettings.sources.srv import ServiceRecords, in_order
from tests.support.fake_net import Answers
from tests.support.values import ADA

IMAPS = Question("_imaps._tcp.example.org", "SRV")
SUBMISSION = Question("_submission._tcp.example.org", "SRV")


def test_the_lowest_priority_number_comes_first() -> None:
    """RFC 2782: priority before everything, in whatever order DNS lists the records."""
    records = [SRV(20, 100, 993, "c.example.org"), SRV(10, 0, 993, "b.example.org"), SRV(0, 0, 993, "a.example.org")]

    assert [record.target for record in in_order(records, seed="x")] == [
        "a.example.org",
        "b.example.org",
        "c.example.org",
    ]


def test_weights_spread_users_over_servers() -> None:
    """RFC 2782: within a priority, weight 3 gets three times the users of weight 1; chi-square at 0.1 %."""
    records = [SRV(0, 1, 993, "a"), SRV(0, 3, 993, "b"), SRV(0, 6, 993, "c")]

    first = Counter(next(in_order(records, seed=f"user{n}")).target for n in range(3000))

    # The running sum of RFC 2782 includes 0, which gives the first record one eleventh more.
    expected = {"a": 3000 * 2 / 11, "b": 3000 * 3 / 11, "c": 3000 * 6 / 11}
    assert sum((first[name] - want) ** 2 / want for name, want in expected.items()) < 13.8


def test_one_user_gets_the_same_server_each_time() -> None:
    """Settings are stored: the same question has the same answer."""
    records = [SRV(0, 1, 993, name) for name in "abcdef"]

    assert list(in_order(records, seed="ada")) == list(in_order(list(reversed(records)), seed="ada"))


@pytest.mark.anyio
@pytest.mark.parametrize("authentic", [True, False])
async def test_a_record_is_the_domains_word(*, authentic: bool) -> None:
    """Signed by DNSSEC it cannot be forged; unsigned it ranks lower."""
    net = Answers(Answer(IMAPS, (SRV(0, 1, 993, "imap.hoster.example"),), authentic=authentic))

    (claim,) = await ServiceRecords(ADA, "_imaps", Protocol.IMAP, Security.TLS).run(net)

    assert isinstance(claim, Claim)
    assert claim.evidence.authority is (Authority.DOMAIN if authentic else Authority.SRV)
    assert str(claim.endpoint) == "imap://imap.hoster.example:993 (tls)"


@pytest.mark.anyio
async def test_submission_on_port_465_is_tried_with_tls_first() -> None:
    """Half of all published _submission records name 465; the port decides, the label is tried second."""
    net = Answers(Answer(SUBMISSION, (SRV(0, 1, 465, "smtp.example.org"),)))

    leads = await ServiceRecords(ADA, "_submission", Protocol.SMTP, Security.STARTTLS).run(net)

    claims = [lead for lead in leads if isinstance(lead, Claim)]
    assert [claim.endpoint.security for claim in claims] == [Security.TLS, Security.STARTTLS]
    assert claims[0].order < claims[1].order
    assert any(isinstance(lead, Note) and "port 465" in lead.text for lead in leads)


@pytest.mark.anyio
async def test_a_single_dot_means_not_offered() -> None:
    """RFC 2782: the service is decidedly not available at this domain."""
    net = Answers(Answer(IMAPS, (SRV(0, 0, 0, ""),)))

    leads = await ServiceRecords(ADA, "_imaps", Protocol.IMAP, Security.TLS).run(net)

    assert leads == [NotOffered(Protocol.IMAP, Question("_imaps._tcp.example.org", "SRV"))]


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["localhost", "127.1", "printer", "a_b.example"])
async def test_a_target_that_is_no_host_is_noted_and_dropped(target: str) -> None:
    """The other records still count."""
    net = Answers(Answer(IMAPS, (SRV(0, 1, 993, target), SRV(1, 1, 993, "imap.example.org"))))

    note, claim = await ServiceRecords(ADA, "_imaps", Protocol.IMAP, Security.TLS).run(net)

    assert isinstance(note, Note)
    assert isinstance(claim, Claim)
