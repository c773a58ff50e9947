"""Every fault of a rejected certificate, seen by an unverified TLS handshake."""

from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial

import pytest

from mailsettings import Detection, Endpoint, Policy, detect
from mailsettings.errors import FailureKind
from mailsettings.model import Task
from mailsettings.net.network import Network
from mailsettings.observations import Inspection
from mailsettings.testing import Certificate, FakeNetwork, Handshake, Line, imap, run_virtual
from tests.support.diagnosis_runs import ADA, D, codes, diagnosed

MAIL = f"mail.{D}"
OLD = ("2025-01-01T00:00:00+00:00", "2026-11-20T00:00:00+00:00")
LATER = ("2027-01-01T00:00:00+00:00", "2028-01-01T00:00:00+00:00")
EXPIRED, UNKNOWN = FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_UNKNOWN_CA


def shows(certificate: Certificate) -> FakeNetwork:
    """Return a world whose mail host shows *certificate*."""
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL, certificate=certificate).serve(imap())
    return net


@pytest.mark.parametrize(
    ("certificate", "wanted"),
    [
        pytest.param(
            Certificate(("other.example",), EXPIRED, not_before=OLD[0], not_after=OLD[1]),
            ["certificate-expired", "certificate-name"],
            id="expired, for another name",
        ),
        pytest.param(
            Certificate((MAIL,), FailureKind.CERTIFICATE_SELF_SIGNED, not_before=OLD[0], not_after=OLD[1]),
            ["certificate-self-signed", "certificate-expired"],
            id="self-signed, expired",
        ),
        pytest.param(
            Certificate(("localhost",), UNKNOWN, not_before=LATER[0], not_after=LATER[1], weak="RSA of 1024 bits"),
            ["certificate-unknown-ca", "certificate-not-yet-valid", "certificate-weak", "certificate-name"],
            id="unknown authority, not yet valid, weak, for another name",
        ),
        pytest.param(
            Certificate((MAIL,), FailureKind.CERTIFICATE_OTHER, for_servers=False),
            ["certificate-purpose"],
            id="for clients",
        ),
        pytest.param(
            Certificate((MAIL,), FailureKind.CERTIFICATE_OTHER, weak="signed with SHA-1"),
            ["certificate-weak"],
            id="weak",
        ),
        pytest.param(
            Certificate((MAIL,), UNKNOWN, issuer_url="http://ca.example/between.crt"),
            ["certificate-chain-incomplete"],
            id="the link between is not sent",
        ),
        pytest.param(
            # The root has expired, and is not sent.
            Certificate((MAIL,), EXPIRED),
            ["certificate-expired"],
            id="a certificate nobody has shown",
        ),
    ],
)
def test_every_fault_is_named(certificate: Certificate, wanted: list[str]) -> None:
    """
    OpenSSL stops at the first one; whoever repairs that one alone meets the next.
    """
    assert sorted(codes(shows(certificate), f"imap://{MAIL}:993")) == sorted(wanted)


def test_the_evidence_says_since_when_and_for_whom() -> None:
    """
    The day, how long ago by this machine's clock, the names, and the host that would verify.
    """
    certificate = Certificate((f"imap.{D}",), EXPIRED, not_before=OLD[0], not_after=OLD[1])

    by_code = {item.code: item for item in diagnosed(shows(certificate), f"imap://{MAIL}:993").findings}

    assert "2026-11-20" in by_code["certificate-expired"].evidence
    assert "8 days ago" in by_code["certificate-expired"].evidence
    assert f"imap.{D}" in by_code["certificate-name"].advice


def test_nothing_is_sent_and_nothing_is_verified() -> None:
    """
    The connection is closed after the handshake: no command is sent, and the server does not count as found.
    """
    net = shows(Certificate((MAIL,), FailureKind.CERTIFICATE_SELF_SIGNED))

    detection = diagnosed(net, f"imap://{MAIL}:993").detection

    assert not any(choice.verified for choice in detection.incoming)
    assert any(isinstance(entry, Handshake) for entry in net.asked)
    assert [entry for entry in net.asked if isinstance(entry, Line) and entry.secure] == []


def test_a_verified_server_is_not_inspected() -> None:
    """
    Where both directions have a server there is one handshake with each.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap())

    assert codes(net, f"imap://{MAIL}:993") == []
    assert len([entry for entry in net.asked if isinstance(entry, Handshake)]) == 1


@pytest.mark.parametrize(
    ("problem", "version", "cipher", "wanted"),
    [
        (FailureKind.TLS_TOO_OLD, "TLSv1.1", "AES128-SHA", "tls-too-old"),
        (FailureKind.TLS_FAILED, "TLSv1.2", "DHE-RSA-AES128-SHA256", "tls-weak-dh"),
        (FailureKind.TLS_FAILED, "TLSv1.2", "DES-CBC3-SHA", "tls-too-old"),
        (FailureKind.TLS_FAILED, "TLSv1.3", "", "tls-failed"),
    ],
)
def test_what_an_old_server_can_do_is_said(problem: FailureKind, version: str, cipher: str, wanted: str) -> None:
    """
    Version and cipher of a handshake in which everything is allowed.
    """
    certificate = Certificate((MAIL,), problem, version=version, cipher=cipher)

    found = diagnosed(shows(certificate), f"imap://{MAIL}:993").findings

    assert [item.code for item in found] == [wanted]
    assert version in found[0].evidence


@pytest.mark.parametrize(
    ("issuer", "wanted"),
    [
        ("CN=Avast Web/Mail Shield Root", "local-proxy"),
        ("ESET SSL Filter CA, ESET, spol. s r. o.", "local-proxy"),
        ("Zscaler Intermediate Root CA (zscaler.net)", "tls-intercepted"),
    ],
)
@pytest.mark.parametrize("problem", [UNKNOWN, None])
def test_who_opens_tls_is_known_by_the_issuer(issuer: str, wanted: str, problem: FailureKind | None) -> None:
    """
    Where its authority is not trusted here, and where it has put itself into the store.
    """
    net = shows(Certificate((MAIL,), problem, issuer=issuer))

    assert codes(net, f"imap://{MAIL}:993")[0] == wanted


def test_the_date_is_that_of_the_clock_given() -> None:
    """
    The same certificate is good on one day and has expired on another.
    """
    certificate = Certificate((MAIL,), UNKNOWN, not_before=OLD[0], not_after=OLD[1])

    before = codes(shows(certificate), f"imap://{MAIL}:993", today=datetime(2026, 1, 1, tzinfo=UTC))
    after = codes(shows(certificate), f"imap://{MAIL}:993", today=datetime(2027, 1, 1, tzinfo=UTC))

    assert (before, after) == (["certificate-unknown-ca"], ["certificate-unknown-ca", "certificate-expired"])


def test_an_inspection_that_takes_too_long_is_cancelled() -> None:
    """
    Two seconds for all of them: the first handshake's fault is said, and no connection stays open.
    """
    net = FakeNetwork(rtt=1.2)
    certificate = Certificate(("other.example",), EXPIRED, not_before=OLD[0], not_after=OLD[1])
    net.host(MAIL, certificate=certificate).serve(imap())

    assert codes(net, f"imap://{MAIL}:993") == ["certificate-expired"]


class Careless(Network):
    """A network whose inspections fail with an unexpected error."""

    async def inspect(self, endpoint: Endpoint) -> Inspection:
        raise LookupError(endpoint.host)


async def _detected(net: FakeNetwork) -> Detection:
    async with aclosing(Careless(Policy(), net.transport(Policy()))) as network:
        return await detect(ADA, net=network)


def test_a_mistake_in_an_inspection_costs_the_inspection_alone() -> None:
    """
    The explanation of the first handshake stays, and the mistake is said.
    """
    net = shows(Certificate((MAIL,), EXPIRED))

    detection, _ = run_virtual(partial(_detected, net))

    assert "certificate-expired" in [item.code for item in detection.findings]
    assert [failure.where for failure in detection.failures if failure.kind is FailureKind.INTERNAL] == [
        Task("second look")
    ]
