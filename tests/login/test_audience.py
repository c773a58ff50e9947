"""Which servers a token may be sent to, and what is said where it may not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mailsettings import parse_address
from mailsettings.login.audience import token_refusals
from mailsettings.login.credentials import Credentials
from mailsettings.model import Authority, Detection, OAuth, OAuthSource, ServerSettings, StatedOAuth, Trust
from tests.support.detections import choice
from tests.support.values import endpoint

GOOGLE = ("imap.gmail.com", "smtp.gmail.com")
OWN = ("imap.example.org", "smtp.example.org")
DOCUMENT = "https://autoconfig.example.org/mail/config-v1.1.xml"


def typed(hosts: tuple[str, str]) -> ServerSettings:
    servers = (endpoint(f"imap://{hosts[0]}:993"), endpoint(f"smtp://{hosts[1]}:465"))
    return ServerSettings(parse_address("ada@example.org"), *servers)


def detected(hosts: tuple[str, str], *issuers: str, trust: Trust = Trust.DOMAIN) -> Detection:
    """Return a detection whose document names *hosts* and *issuers*."""
    urls = (f"imap://{hosts[0]}:993", f"smtp://{hosts[1]}:465")
    incoming, outgoing = (
        choice(url, authority=Authority.DOMAIN, source="autoconfig", locator=DOCUMENT, trust=trust) for url in urls
    )
    sources = [OAuthSource(OAuth(url, "", ""), False, DOCUMENT, "autoconfig", StatedOAuth()) for url in issuers]
    return Detection("ada@example.org", incoming=(incoming,), outgoing=(outgoing,), oauth=tuple(sources))


def refused(what: Detection | ServerSettings, issuer: str = "") -> dict[str, str]:
    """Return the codes of what is said of a token of *issuer*, by host."""
    found = token_refusals(what, Credentials.token("t0ken", issuer=issuer))
    return {server.host: item.code for server, item in found.items()}


def both(hosts: tuple[str, str], code: str) -> dict[str, str]:
    return dict.fromkeys(hosts, code)


MISSING, OTHER = "token-issuer-missing", "token-for-other-server"


@pytest.mark.parametrize("make", [typed, detected])
@pytest.mark.parametrize(
    ("hosts", "issuer", "expected"),
    [
        (GOOGLE, "", {}),
        (GOOGLE, "https://accounts.google.com", {}),
        (GOOGLE, "login.microsoftonline.com", both(GOOGLE, OTHER)),
        (GOOGLE, "login.example.org", both(GOOGLE, OTHER)),
        (OWN, "", both(OWN, MISSING)),
        (OWN, "accounts.google.com", both(OWN, OTHER)),
        (OWN, "login.example.org", {}),  # of the same registrable domain
        ((GOOGLE[0], OWN[1]), "", {GOOGLE[0]: MISSING, OWN[1]: MISSING}),
        ((GOOGLE[0], OWN[1]), "accounts.google.com", {OWN[1]: OTHER}),
        ((GOOGLE[0], "outlook.office365.com"), "", both((GOOGLE[0], "outlook.office365.com"), MISSING)),
    ],
)
def test_a_token_is_for_the_servers_of_its_issuer(
    make: type[Detection], hosts: tuple[str, str], issuer: str, expected: dict[str, str]
) -> None:
    """
    By the table; the user cannot lead a token of a known issuer elsewhere by typing a server either.
    """
    assert refused(make(hosts), issuer) == expected  # type: ignore[arg-type]  # one of two functions


def test_a_typed_server_takes_a_token_of_an_unknown_issuer() -> None:
    """
    The user has typed both.
    """
    assert refused(typed(OWN), "https://sso.hoster.example") == {}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (detected(OWN), both(OWN, OTHER)),
        (detected(OWN, "https://sso.other.example"), both(OWN, OTHER)),
        (detected(OWN, "https://sso.hoster.example"), {}),
        (detected(OWN, trust=Trust.OWN), {}),
        (
            replace(detected(OWN, "https://sso.hoster.example"), outgoing=(choice(f"smtp://{OWN[1]}:465"),)),
            {OWN[1]: OTHER},
        ),
    ],
    ids=["no issuer", "another issuer", "this issuer", "the user's own table", "of one server"],
)
def test_a_found_server_takes_a_token_of_the_issuer_that_its_own_document_names(
    what: Detection, expected: dict[str, str]
) -> None:
    """
    The very document that names the server.
    """
    assert refused(what, "https://sso.hoster.example") == expected


def test_a_password_has_no_issuer() -> None:
    """
    Where passwords may go is a question of trust alone.
    """
    assert token_refusals(typed(OWN), Credentials.password("secret")) == {}


def test_a_refusal_says_what_was_seen_and_what_to_do() -> None:
    """
    Whose token it is, whose the server takes, and where to get one.
    """
    (reading, _) = token_refusals(typed(GOOGLE), Credentials.token("t0ken", issuer="login.example.org")).values()
    (missing, _) = token_refusals(typed(OWN), Credentials.token("t0ken")).values()

    assert reading.text == (
        "The token was not sent: it is from login.example.org, and tokens for imap.gmail.com come from "
        "accounts.google.com."
    )
    assert reading.advice == "Sign in at accounts.google.com for another token, or use a password."
    assert "imap.example.org and smtp.example.org" in missing.text
    assert "--issuer" in missing.advice


def test_a_token_in_the_place_of_its_issuer_is_not_repeated() -> None:
    """
    A token may look like a host.
    """
    token = "ey.abc.def"
    (found, _) = token_refusals(typed(GOOGLE), Credentials.token(token, issuer=token)).values()

    assert token not in found.text + found.advice + found.evidence


def test_a_token_that_is_a_part_of_its_issuer_does_not_hide_it() -> None:
    """
    What is compared is the issuer; only what is printed is without the token.
    """
    found = token_refusals(typed(OWN), Credentials.token("google", issuer="accounts.google.com"))

    assert [(item.code, "google" in item.text) for item in found.values()] == [(OTHER, False)] * 2


OWN_TABLE = """
providers:
  corp:
    domains: [corp.example]
    incoming: [{protocol: imap, host: imap.corp.example, port: 993, security: tls}]
    outgoing: [{protocol: smtp, host: smtp.corp.example, port: 465, security: tls}]
    oauth: {issuer: sso.example, auth_url: "https://sso.example/a", token_url: "https://sso.example/t", scopes: [mail]}
"""
PROGRAM = """
from mailsettings.decision.oauth import issuer_in_table, issuer_of_host
print(*(issuer_of_host(host).token_url for host in ("imap.corp.example", "imap.gmail.com")))
print(issuer_in_table("https://sso.example/realms/a").issuer)
"""


def test_the_users_own_table_binds_issuers_as_well(tmp_path: Path) -> None:
    """
    Its servers take tokens of the issuer that stands beside them.
    """
    (tmp_path / "mailsettings").mkdir()
    (tmp_path / "mailsettings" / "providers.yaml").write_text(OWN_TABLE)
    env = {"XDG_CONFIG_HOME": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["https://sso.example/t", "https://oauth2.googleapis.com/token", "sso.example"]
