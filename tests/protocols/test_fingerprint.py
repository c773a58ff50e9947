"""The small readers of the wire: text, commands, first lines, mechanisms, software."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Auth, Endpoint, Protocol, Security
from mailsettings.policy import Policy
from mailsettings.protocols import dialogue_for
from mailsettings.protocols.fingerprint import software, spoken
from mailsettings.protocols.mechanisms import families, names
from mailsettings.protocols.text import command


@given(st.binary(max_size=100))
def test_one_command_is_one_line(text: bytes) -> None:
    """
    Whatever has no line end and no NUL inside leaves with exactly one line end behind it.
    """
    line = text.translate(None, b"\r\n\0")

    assert command(line) == line + b"\r\n"


@given(st.binary(max_size=20), st.sampled_from([b"\r", b"\n", b"\0"]), st.binary(max_size=20))
def test_two_commands_in_one_do_not_leave(before: bytes, end: bytes, after: bytes) -> None:
    """
    A line end or NUL anywhere inside keeps the whole line here.
    """
    with pytest.raises(NetworkError) as caught:
        command(before + end + after)
    assert caught.value.kind == FailureKind.INTERNAL


@pytest.mark.parametrize(
    ("line", "protocol"),
    [
        (b"* OK hi", "IMAP"),
        (b"* preauth", "IMAP"),
        (b"+OK", "POP3"),
        (b"-ERR busy", "POP3"),
        (b"-ERR max number of clients reached", "Redis"),
        (b"-DENIED Redis is running in protected mode", "Redis"),
        (b"220 mail.example ESMTP", "SMTP"),
        (b"554-no", "SMTP"),
        (b"220", "SMTP"),
        (b"220 ftp.example.org ESMTP Postfix", "SMTP"),
        (b"220 ftp.example.org ready", "SMTP"),
        (b"220 ProFTPD 1.3.8 Server ready", "FTP"),
        (b"220-FileZilla Server 1.7", "FTP"),
        (b"220 Microsoft FTP Service", "FTP"),
        (b"200 news.example ready", "NNTP"),
        (b"SSH-2.0-x", "SSH"),
        (b"HTTP/1.1 400 Bad Request", "HTTP"),
        (b"<!DOCTYPE html>", "HTTP"),
        (b"\x15\x03\x01\x00\x02\x02", "TLS"),
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
        (b"RFB 003.008", "VNC"),
        (b'"IMPLEMENTATION" "Dovecot Pigeonhole"', "ManageSieve"),
        (b"J\x00\x00\x00\x0a8.0.36\x00", "MySQL"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_first_lines_tell_protocols(line: bytes, protocol: str) -> None:
    """
    The first line of a server tells what it speaks.
    """
    assert protocol == spoken(line)


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


@pytest.mark.parametrize(
    ("texts", "product"),
    [
        (("Dovecot (Ubuntu) ready.",), "Dovecot"),
        (("foo.bar ESMTP Sendmail 8.15.2/8.15.2/Debian-3",), "Sendmail"),
        (("mail.example ESMTP Haraka 2.4.0 ready",), "Haraka"),
        (("x Microsoft ESMTP MAIL Service ready", "X-ANONYMOUSTLS"), "Exchange"),
        (("x Microsoft ESMTP MAIL Service ready",), "Microsoft SMTP"),
        (("smtp.gmail.com ESMTP a1 - gsmtp",), "Gmail"),
        (("postfix.example.org ESMTP Exim 4.96",), "Exim"),
        (("192.168.1.1 (IntraStore TurboSendmail) ESMTP",), ""),
        (("mail.example.org ESMTP",), ""),
    ],
)
def test_software(texts: tuple[str, ...], product: str) -> None:
    """
    Software is named where it names itself, and a host name is no such place.
    """
    assert product == software(*texts)


def test_software_is_not_searched_for_ever() -> None:
    """
    A server that lists 40 KB of capabilities is read at its beginning only.
    """
    assert software(*["x." * 100] * 200, "Dovecot") == ""


def test_no_dialogue_for_jmap() -> None:
    """
    JMAP is not spoken in lines.
    """
    endpoint = Endpoint(Protocol.JMAP, "jmap.example.org", 443, Security.TLS)

    with pytest.raises(ValueError, match="jmap"):
        dialogue_for(endpoint, policy=Policy(), tag="A")
