"""SCRAM proves both sides: a server that says yes without its signature has not let anybody in (RFC 5802 S5)."""

import pytest

from mailsettings.login.result import LoginResult
from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from tests.support.login_worlds import TYPED, D, verified, world
from tests.support.scram_servers import PORTS, signing

MAIL = pytest.mark.parametrize("protocol", list(PORTS), ids=str)


def outcome(protocol: Protocol, how: str, algorithm: str = "sha256") -> LoginResult:
    """Return what a login with the right password comes to at a server that proves itself in the way *how*."""
    endpoint = Endpoint(protocol, f"mail.{D}", PORTS[protocol], Security.TLS)
    net = world(signing(protocol, how, algorithm=algorithm))
    outgoing = protocol is Protocol.SMTP
    found = verified(net, ServerSettings(TYPED.address, None if outgoing else endpoint, endpoint if outgoing else None))
    result = found.outgoing if outgoing else found.incoming
    assert result is not None
    return result


@MAIL
@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
@pytest.mark.parametrize("how", ["challenge", "line"])
def test_a_right_signature_verifies(protocol: Protocol, how: str, algorithm: str) -> None:
    """
    As a last challenge that is answered by nothing, as the protocols have it, or in the line of success itself.
    """
    result = outcome(protocol, how, algorithm)

    assert (result.verified, result.findings) == (True, ())


@MAIL
@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
@pytest.mark.parametrize("how", ["wrong challenge", "wrong line", "none", "none at all", "refusal, then yes"])
def test_a_yes_without_a_right_signature_is_no_login(protocol: Protocol, how: str, algorithm: str) -> None:
    """
    Wrong, missing, said before we had proved anything, or said behind a refusal: the server is not who knows the
    password, and nothing is said about the password itself.
    """
    result = outcome(protocol, how, algorithm)

    assert (result.accepted, result.verified) == (False, False)
    assert [item.code for item in result.findings] == ["server-not-proven"]


@MAIL
def test_a_refusal_inside_scram_is_a_refusal(protocol: Protocol) -> None:
    """
    RFC 5802 S7: the server says e=invalid-proof as its last message, then no: that is about the password.
    """
    result = outcome(protocol, "refusal, then no")

    assert "bad-credentials" in [item.code for item in result.findings]
    assert result.credentials_refused


def test_a_server_that_proves_nothing_ends_the_verification() -> None:
    """
    The other server is not given the password either.
    """
    result = verified(world(signing(Protocol.IMAP, "none"), signing(Protocol.SMTP, "challenge")))

    assert [item.code for item in result.findings] == ["server-not-proven", "not-tried"]
