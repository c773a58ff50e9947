"""Statements that a stranger can make about a domain, and how little they count."""

from __future__ import annotations

import pytest

from mailsettings import FailureKind, Policy
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.security.harness import DOMAIN, AttackResult, detect_in

EVERYTHING = Policy(exhaustive=True)


# A session that counts as logged in


def greeted(greeting: str, policy: Policy, *, named: bool) -> AttackResult:
    """Meet an IMAP server with *greeting* inside TLS; *named*: SRV records name it, else its name is guessed."""

    def build(net: FakeNetwork) -> None:
        net.host(f"imap.{DOMAIN}").serve(imap(greeting=greeting))
        net.host(f"smtp.{DOMAIN}").serve(smtp())
        if named:
            net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 imap.{DOMAIN}")

    return detect_in(build, policy=policy)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("policy", [Policy(), EVERYTHING, Policy.service()], ids=["personal", "all", "service"])
@pytest.mark.parametrize("greeting", ["* PREAUTH hi", "* preauth [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi"])
def test_a_session_that_counts_as_logged_in_is_not_verified(greeting: str, policy: Policy, *, named: bool) -> None:
    """T25: any password would seem right there; the failure says so, and a note where a source names the server."""
    result = greeted(greeting, policy, named=named)

    assert [failure.kind for failure in result.failures(f"imap.{DOMAIN}:993")] == [FailureKind.PREAUTH]
    assert (f"imap.{DOMAIN}:993" in result.verified, result.detection.verified) == (False, False)
    assert any("PREAUTH" in note.text for note in result.detection.notes) is named


@pytest.mark.parametrize("named", [False, True])
def test_a_session_that_wants_a_login_is_verified(*, named: bool) -> None:
    """The same server with an ordinary greeting."""
    result = greeted("* OK hi", Policy(), named=named)

    assert result.detection.verified
    assert result.detection.incoming[0].endpoint.host == f"imap.{DOMAIN}"
