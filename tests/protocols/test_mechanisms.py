"""Names and families of SASL mechanisms."""

from __future__ import annotations

import pytest

from mailsettings.model import Auth
from mailsettings.protocols.mechanisms import families, names


@pytest.mark.parametrize(
    ("mechanisms", "auth"),
    [
        pytest.param(("PLAIN", "XOAUTH2"), (Auth.OAUTH2, Auth.PASSWORD), id="preferable first"),
        pytest.param(("LOGIN", "USER", "PLAIN"), (Auth.PASSWORD,), id="one family"),
        pytest.param(("APOP", "SCRAM-SHA-256-PLUS", "DIGEST-MD5"), (Auth.ENCRYPTED,), id="encrypted"),
        pytest.param(("EXTERNAL", "NTLM", "GS2-KRB5"), (Auth.GSSAPI, Auth.NTLM, Auth.CERTIFICATE), id="the rest"),
        pytest.param(("XOAUTH", "PLAIN-CLIENTTOKEN", "ATOKEN", "ANONYMOUS"), (), id="none that a client here has"),
    ],
)
def test_families(mechanisms: tuple[str, ...], auth: tuple[Auth, ...]) -> None:
    """
    Mechanisms are put in families, in the order in which a client should prefer them.
    """
    assert auth == families(mechanisms)


def test_names_of_mechanisms() -> None:
    """
    Names are upper case, each once; what cannot be a name is dropped.
    """
    assert names(["plain", "", "PLAIN", "\xff", "scram-sha-1", "X" * 50]) == ("PLAIN", "SCRAM-SHA-1")
