"""Protocols and software, recognised by what a server sends first."""

import pytest

from mailsettings.protocols.fingerprint import protocol_of, software


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
    assert protocol == protocol_of(line)


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
