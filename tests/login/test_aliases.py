"""Addresses whose login has another name: aliases and shared mailboxes."""

import pytest

from mailsettings.diagnosis.catalogue import finding
from mailsettings.formats import clientconfig_writer
from mailsettings.login.result import LoginResult
from mailsettings.login.verify import with_other_login
from mailsettings.model import Endpoint, Protocol, Provider, Security
from mailsettings.schema import from_json
from tests.support.detections import VERIFIED

ADA = "ada@example.org"
SERVER = Endpoint(Protocol.IMAP, "mail.example.org", 993, Security.TLS)
HOSTER = Provider("hoster", "Hoster", "hosting")


def refused(code: str = "bad-credentials", *, username: str = ADA, software: str = "") -> LoginResult:
    """Return the result of a refused login."""
    return LoginResult(SERVER, username, "PLAIN", findings=(finding(code, "535 no"),), software=software)


@pytest.mark.parametrize(
    ("result", "provider"),
    [
        pytest.param(refused(), HOSTER, id="a hoster"),
        pytest.param(refused("oauth-token-rejected"), HOSTER, id="a token"),
        pytest.param(refused(software="Microsoft Exchange"), None, id="Exchange"),
    ],
)
def test_an_alias_is_a_possible_cause(result: LoginResult, provider: Provider | None) -> None:
    """
    It comes last, and no program takes it for certain.
    """
    found = with_other_login(result, provider, ADA).findings

    assert [(item.code, item.confidence) for item in found[1:]] == [("other-login-name", "possible")]


@pytest.mark.parametrize(
    ("result", "provider"),
    [
        pytest.param(refused(), Provider("gmail", "Gmail"), id="a provider without them"),
        pytest.param(refused(), None, id="nothing is known"),
        pytest.param(refused(username="ada"), HOSTER, id="it was not the address"),
        pytest.param(refused("rate-limited"), HOSTER, id="another cause"),
        pytest.param(LoginResult(SERVER, ADA, "PLAIN", accepted=True), HOSTER, id="accepted"),
    ],
)
def test_it_is_not_thought_of_elsewhere(result: LoginResult, provider: Provider | None) -> None:
    """
    The control.
    """
    assert with_other_login(result, provider, ADA) == result


def test_a_user_name_of_ones_own_is_kept_in_the_answer() -> None:
    """
    In JSON, too; a document to publish is for all users and keeps the templates.
    """
    named = VERIFIED.with_username("board\\ada")

    assert {choice.username for choice in (*named.incoming, *named.outgoing)} == {"board\\ada"}
    assert from_json(named.to_json()) == named
    assert clientconfig_writer.config_of(named) == clientconfig_writer.config_of(VERIFIED)


@pytest.mark.parametrize("name", ["", " ", "ada\r\n", "a\0b", "\x1b[31m"])
def test_what_no_protocol_takes_is_no_user_name(name: str) -> None:
    """
    It could be a second command.
    """
    with pytest.raises(ValueError, match="user name"):
        VERIFIED.with_username(name)
