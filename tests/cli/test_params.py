"""Types of command-line arguments."""

import pytest

from mailsettings.cli.params import parse_server_option
from mailsettings.errors import AddressError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("imap://imap.example.org", "imap://imap.example.org:993 (tls)"),
        ("imap://imap.example.org:143", "imap://imap.example.org:143 (starttls)"),
        ("imaps://imap.example.org", "imap://imap.example.org:993 (tls)"),
        ("pop://pop.example.org:995", "pop3://pop.example.org:995 (tls)"),
        ("imap://127.0.0.1:1143", "imap://127.0.0.1:1143 (starttls)"),
        ("imaps://[::1]", "imap://[::1]:993 (tls)"),
        ("imaps://[::1]:1993", "imap://[::1]:1993 (tls)"),
        ("imap://LocalHost:1143", "imap://localhost:1143 (starttls)"),
        ("imaps://mail-serv", "imap://mail-serv:993 (tls)"),
        ("smtps://nas.local", "smtp://nas.local:465 (tls)"),
        ("smtp+starttls://smtp.example.org:2525", "smtp://smtp.example.org:2525 (starttls)"),
    ],
)
def test_a_server_is_typed_as_people_write_it(text: str, wanted: str) -> None:
    """
    The port says when TLS starts, unless the scheme does.
    """
    assert str(parse_server_option(text)) == wanted


@pytest.mark.parametrize(
    "text", ["imap://ada:secret@imap.example.org", "imap.example.org", "imap://imap.example.org/x"]
)
def test_a_url_with_a_password_is_refused(text: str) -> None:
    """
    No secret in a command line; nor anything that is no server.
    """
    with pytest.raises((ValueError, AddressError)):
        parse_server_option(text)
