"""Advice knows what the same run has seen."""

import re

import pytest

from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes
from mailsettings.diagnosis.failures import findings_at
from mailsettings.errors import FailureKind
from mailsettings.model import Failure
from mailsettings.testing import FakeNetwork, Server, imap, pop3, smtp
from tests.support.diagnosis_runs import ADA, D, diagnosed
from tests.support.values import endpoint

MAIL = f"mail.{D}"


def world(*servers: Server) -> FakeNetwork:
    """Return a network with *servers* on one host, all other ports of which are closed."""
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(*servers)
    return net


WITHOUT_STARTTLS = imap(143, starttls_offered=False)


@pytest.mark.parametrize(
    ("servers", "code"),
    [
        pytest.param((smtp(25, mechanisms=()), smtp(587, mechanisms=()), imap()), "no-login-method", id="no logins"),
        pytest.param((WITHOUT_STARTTLS, smtp()), "starttls-not-offered", id="IMAP without STARTTLS"),
        pytest.param((smtp(587, starttls_offered=False), imap()), "starttls-not-offered", id="SMTP without STARTTLS"),
        pytest.param((WITHOUT_STARTTLS, pop3(110, starttls_offered=False), smtp()), "starttls-not-offered", id="both"),
        pytest.param((imap(465), imap()), "wrong-protocol-on-port", id="IMAP on the port of SMTP"),
    ],
)
def test_no_port_is_advised_that_has_just_failed(servers: tuple[Server, ...], code: str) -> None:
    """
    The search has tried every usual port itself.
    """
    found = diagnosed(world(*servers), ADA).findings

    assert code in [item.code for item in found]
    assert [item.advice for item in found if re.search(r"\b(25|110|143|465|587|993|995)\b", item.advice)] == []


@pytest.mark.parametrize(
    ("what", "servers", "port"),
    [
        pytest.param(f"imap://{MAIL}:143", (WITHOUT_STARTTLS, imap()), "993 with TLS", id="IMAP"),
        pytest.param(f"pop3://{MAIL}:110", (pop3(110, starttls_offered=False), pop3()), "995 with TLS", id="POP3"),
        pytest.param(f"smtp://{MAIL}:25", (smtp(25, mechanisms=()), smtp(587)), "587 with STARTTLS", id="a relay"),
        pytest.param(f"imap://{MAIL}:993", (pop3(993), imap(143)), "143 with STARTTLS", id="another protocol"),
    ],
)
def test_a_port_that_works_is_advised(what: str, servers: tuple[Server, ...], port: str) -> None:
    """
    The diagnosis of typed settings tries the other ports, too.
    """
    found = diagnosed(world(*servers), what).findings

    assert f"port {port}" in found[0].advice


@pytest.mark.parametrize(
    ("what", "kind", "ports"),
    [
        ("imap://h.example:143", FailureKind.STARTTLS_NOT_OFFERED, {"993"}),
        ("pop3://h.example:110", FailureKind.STARTTLS_REFUSED, {"995"}),
        ("smtp://h.example:587", FailureKind.NO_LOGIN, {"465"}),
        ("smtp://h.example:25", FailureKind.NO_LOGIN, {"465", "587"}),
        ("imap://h.example:993", FailureKind.REFUSED, {"143"}),
        ("pop3://h.example:993", FailureKind.WRONG_PROTOCOL, {"995", "110"}),
        ("imap://h.example:993", FailureKind.NOT_TLS, set()),
    ],
)
def test_a_usual_port_that_was_not_tried_is_advised(what: str, kind: FailureKind, ports: set[str]) -> None:
    """
    Those of the same protocol; after a login only one place is known.
    """
    typed = endpoint(what)
    place = EndpointOutcome(typed, Failure(kind, typed), stated=True)

    (found,) = findings_at(place, EndpointOutcomes((place,)))

    assert set(re.findall(r"\b\d{2,3}\b", found.advice)) == ports
