"""Whatever a stranger writes is text in the answer and nothing else: no control characters, wherever it was written."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from cryptography import x509

from mailsettings import Detection, FailureKind, Policy, detect
from mailsettings.interfaces import SRV, Answer
from mailsettings.model import Question
from mailsettings.net.network import open_network
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.loopback import LOOPBACK, Loopback, serving
from tests.support.security.harness import ADA, DOMAIN, AttackResult, detect_in, is_unsafe, texts
from tests.support.security.web_pages import URL, document, server
from tests.support.server_certificates import authority, issued

# Clear the screen, write the clipboard, turn the text around, hide a word, end a line: raw in no place of an answer.
EVIL = "\x1b[2J\x1b]52;c;ZQ==\x07\u202egnp.exe\u200b\x9b31m\u2028\x7f"
IN_XML = "&#x202e;gnp.exe&#x200b;&#x9b;31m&#x2028;&#x7f;&#10;&#13;"
LINK = f'<documentation url="https://help.example/{IN_XML}"><descr>help{IN_XML}</descr></documentation>'
HINT = f'<enable visiturl="https://on.example/"><instruction>on{IN_XML}</instruction></enable>'
SERVICE = f'<calendar type="caldav{IN_XML}"><url>https://dav.example/</url></calendar>'


def everywhere(net: FakeNetwork) -> None:
    """Write EVIL into every place of a world that a stranger writes."""
    sections = (
        server(),
        server(f"x{IN_XML}.example"),
        server(port=f"99{IN_XML}"),
        server(socket=f"SSL{IN_XML}"),
        server(username=f"u{IN_XML}"),
        server(username=f"%EVIL{IN_XML}%"),
        server().replace("password-cleartext", f"evil{IN_XML}"),
        server().replace('type="imap"', f'type="imap{IN_XML}"'),
    )
    names = f"<displayName>Bank{IN_XML}</displayName><displayShortName>B{IN_XML}</displayShortName>"
    net.page(URL, document(*sections, more=names + LINK + HINT + SERVICE + f"<domain>x{IN_XML}</domain>"))
    net.page(f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml", f"<evil{EVIL}>".encode())
    net.page(f"https://live.thunderbird.net/autoconfig/v1.1/{DOMAIN}", EVIL.encode())
    net.page(f"https://{DOMAIN}/autodiscover/autodiscover.xml", f"<Autodiscover>{EVIL}".encode())
    net.records(
        DOMAIN,
        TXT=(f"mailconf=https://{EVIL}.example/x", f"v=spf1 include:{EVIL}"),
        MX=f"10 {EVIL.split(maxsplit=1)[0]}x",
    )
    net.zone(f"_imaps._tcp.{DOMAIN} SRV 0 1 993 mail.{DOMAIN}\n_submissions._tcp.{DOMAIN} SRV 0 1 465 mail.{DOMAIN}")
    net.records(f"_ua-auto-config.{DOMAIN}", TXT=f"v=UAAC1; a=sha256; d={EVIL}")
    shouting = EVIL.encode("utf-8").decode("latin-1")
    net.host(f"mail.{DOMAIN}").serve(
        imap(greeting=f"* OK {shouting}", mechanisms=("PLAIN", f"X{shouting}")),
        smtp(greeting=f"220 {shouting}", capabilities=(f"EVIL {shouting}",)),
    )
    net.host(f"imap.{DOMAIN}").serve(
        imap(refusal=f"* BYE {shouting}"), imap(143, starttls_reply=f"{{tag}} NO {shouting}")
    )


@pytest.fixture(scope="module")
def result() -> AttackResult:
    return detect_in(everywhere, policy=Policy(exhaustive=True))


def test_no_character_of_it_is_left_raw(result: AttackResult) -> None:
    """Every string of the detection, however deep: names, notes, hints, links, failures, greetings, reasons."""
    assert [text for text in texts(result.detection) if is_unsafe(text)] == []


def test_the_evil_words_were_really_read(result: AttackResult) -> None:
    """What is tested above was there to be shown: the same text, escaped or cleaned, is in many places."""
    assert len([text for text in texts(result.detection) if "gnp.exe" in text]) >= 6


def test_json_is_ascii(result: AttackResult) -> None:
    """A log, a pipe and a page of another charset read the same."""
    assert result.detection.to_json().isascii()
    assert json.loads(result.detection.to_json())["address"] == ADA


async def shouting_server(stream: ByteStream) -> None:
    """Show a certificate whose names and subject are meant for a terminal."""
    names = ("\x1b[2Jevil.example", "a\r\nb.example", "\x7f.example", "other.example")
    context = issued(*map(x509.DNSName, names), common="CN \u202e\x1b[31mevil")
    await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)
    await anyio.sleep_forever()


class OneServer(Loopback):
    """This machine, where the domain's SRV record names a server at *port*."""

    def __init__(self, policy: Policy, port: int) -> None:
        super().__init__(policy)
        self._port = port

    async def ask(self, question: Question) -> Answer:
        if question.name == f"_imaps._tcp.{DOMAIN}":
            return Answer(question, (SRV(0, 1, self._port, f"imap.{DOMAIN}"),))
        known = question == Question(f"imap.{DOMAIN}", "A")
        return Answer(question, ("127.0.0.1",) if known else ())


async def found(ca_file: str) -> Detection:
    async with serving(shouting_server) as port:
        policy = Policy(
            ca_file=ca_file, guess=False, allow_networks=LOOPBACK, mail_ports=frozenset({port}), web_ports=frozenset()
        )
        async with open_network(policy, OneServer(policy, port)) as network:
            return await detect(ADA, policy=policy, net=network)


@pytest.mark.anyio
async def test_names_of_a_certificate_reach_no_terminal(tmp_path: Path) -> None:
    """T45: with a real handshake; the chain is good, so that the names are shown as the reason."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(authority().pem)

    detection = await found(str(ca_file))

    assert FailureKind.CERTIFICATE_NAME in {failure.kind for failure in detection.failures}
    assert [text for text in texts(detection) if is_unsafe(text)] == []
    assert any("other.example" in text for text in texts(detection))
