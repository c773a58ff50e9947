"""The worlds whose detections are written down: those of benchmarks.worlds, and one for each way to fail."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.worlds import WORLDS, document
from mailsettings.errors import FailureKind
from mailsettings.interfaces import Answer
from mailsettings.model import Question, Security, TLSFacts
from mailsettings.net.dns.resolver import _query
from mailsettings.net.streams import Stream, Transport
from mailsettings.net.tls import fault
from mailsettings.policy import IPAddress
from mailsettings.testing import Certificate, FakeNetwork, Server, imap, pop3, smtp
from tests.support.diagnosis_runs import ADA, D, Refusing

MAIL = f"mail.{D}"
AUTOCONFIG = f"https://autoconfig.{D}/mail/config-v1.1.xml"
ISPDB = f"https://live.thunderbird.net/autoconfig/v1.1/{D}"
AUTODISCOVER = f"https://autodiscover.{D}/autodiscover/autodiscover.xml"


@dataclass(frozen=True, slots=True)
class Golden:
    """One world: *what* is looked for there, an address or a typed server; *wrap* changes the way into it."""

    name: str
    build: Callable[[FakeNetwork], object]
    what: str = ADA
    proxy: str = ""
    wrap: Callable[[Transport], Transport] | None = None


class Wrapped:
    """A transport as it is below; each of the others here changes one thing."""

    def __init__(self, below: Transport) -> None:
        self._below = below

    async def ask(self, question: Question) -> Answer:
        return await self._below.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._below.connect(ip, port)

    async def aclose(self) -> None:
        """What is below stays open."""


class Bogus(Wrapped):
    """The addresses of the mail host are badly signed."""

    async def ask(self, question: Question) -> Answer:
        if question.name == MAIL and question.type in ("A", "AAAA"):
            await _query(Refusing(6), question)
        return await super().ask(question)


class WeakDH(Wrapped):
    """No handshake succeeds, for OpenSSL finds the server's Diffie-Hellman group too small."""

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return _Weak(await super().connect(ip, port))


class _Weak:
    def __init__(self, below: Stream) -> None:
        self._below = below

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        error = ssl.SSLError(1, "[SSL: DH_KEY_TOO_SMALL] dh key too small (_ssl.c:1000)")
        error.reason = "DH_KEY_TOO_SMALL"
        raise fault(error)


def mail(*servers: Server, certificate: Certificate | None = None) -> Callable[[FakeNetwork], object]:
    """Build a world in which the mail host runs *servers* and receives the domain's mail."""

    def build(net: FakeNetwork) -> None:
        net.records(D, MX=f"10 {MAIL}")
        net.host(MAIL, certificate=certificate).serve(*servers)

    return build


def _web(net: FakeNetwork) -> None:
    """Every kind of document that is none, beside a broken zone and silent names."""
    net.records(D, MX=f"10 {MAIL}")
    net.page(AUTOCONFIG, "<html>no</html>", content_type="text/html")
    net.page(f"https://{D}/.well-known/autoconfig/mail/config-v1.1.xml", "<clientConfig", status=200)
    net.page(f"{AUTOCONFIG}?emailaddress=ada%40{D}", "gone: away", status=410)
    net.page(ISPDB, status=500)
    net.redirect(AUTODISCOVER, f"http://autodiscover.{D}/plain.xml")
    net.page(f"https://{D}/autodiscover/autodiscover.xml", status=401)
    net.redirect(f"http://autodiscover.{D}/autodiscover/autodiscover.xml", f"https://autodiscover.{D}/x.xml")
    net.page(f"https://{D}/.well-known/jmap", '{"capabilities": {}}', content_type="application/json")


def _broken_dns(net: FakeNetwork) -> None:
    net.servfail(D)
    net.mute(f"_imaps._tcp.{D}", "SRV")


def _typo(net: FakeNetwork) -> None:
    net.records("com", NS="a.nic.example")


def _two_owners(net: FakeNetwork) -> None:
    """Two hosts of two companies, which nothing gets through to but the web."""
    for host in ("imap.one.example", "imap.two.example"):
        net.host(host).drop()
    net.records(f"_imaps._tcp.{D}", SRV=("0 1 993 imap.one.example", "0 1 993 imap.two.example"))
    net.records(f"_submissions._tcp.{D}", SRV="0 0 0 .")
    net.host(f"autoconfig.{D}").web(443)


def _two_expired(net: FakeNetwork) -> None:
    begin, end = "2025-01-01T00:00:00+00:00", "2026-11-01T00:00:00+00:00"
    for host in ("imap.one.example", "imap.two.example"):
        old = Certificate((host,), FailureKind.CERTIFICATE_EXPIRED, not_before=begin, not_after=end)
        net.host(host, certificate=old).serve(imap())
    net.records(f"_imaps._tcp.{D}", SRV=("0 1 993 imap.one.example", "0 1 993 imap.two.example"))


def _portal(net: FakeNetwork) -> None:
    for url in (AUTOCONFIG, ISPDB):
        net.page(url, "<html><body>Sign in to the network.</body></html>", content_type="text/html")
    net.host(MAIL).drop()


def _hoster(net: FakeNetwork) -> None:
    """A certificate of the hoster's, whose names lead to other machines."""
    names = ("*.hoster.example", "srv9.hoster.example", "www.hoster.example")
    net.records(D, MX="10 srv7.hoster.example")
    net.host("srv7.hoster.example", "11.7.0.2").refuse()
    net.host("srv9.hoster.example", "11.7.0.9").serve(imap())
    net.host(f"mail.{D}", "11.7.0.1", certificate=names).serve(imap(), smtp())


def _hoster_without_mx(net: FakeNetwork) -> None:
    """Names of a certificate that cannot be compared with the MX, for DNS does not answer for it."""
    net.host(MAIL, certificate=("*.hoster.example",)).serve(imap(), smtp())
    net.servfail(D, "MX")


def _denied(net: FakeNetwork) -> None:
    net.records(D, MX=f"10 {MAIL}")
    net.host(MAIL, "127.0.0.1")
    net.page(AUTOCONFIG, document(MAIL, f"smtp.{D}"))
    net.host(f"smtp.{D}", "10.0.0.1", "2001:db8::1")


def _stripped(net: FakeNetwork) -> None:
    net.host("smtp.gmail.com").serve(smtp(587, starttls_offered=False)).drop(465)


def _offline(net: FakeNetwork) -> None:
    net.offline()


def _in_the_table_only(net: FakeNetwork) -> None:
    """This resolver knows nothing of a domain that the table knows."""


def _expired(problem: FailureKind, **facts: Any) -> Certificate:
    return Certificate((MAIL,), problem, **facts)


MASKED = smtp(587, starttls_offered=False, greeting="220 ****************", capabilities=("XXXXXXXA",))
FAULTS = (
    Golden("documents that are none", _web),
    Golden("dns fails", _broken_dns),
    Golden("dns fails for a typed server", _broken_dns, f"imap://{MAIL}:993"),
    Golden("dnssec bogus", mail(imap(), smtp()), wrap=Bogus),
    Golden("dnssec bogus at a typed server", mail(imap()), f"imap://{MAIL}:993", wrap=Bogus),
    Golden("no such domain, a slip", _typo, "ada@gmial.com"),
    Golden("no such typed host", _typo, "imap://imap.nowhere.example:993"),
    Golden("offline", _offline),
    Golden("a domain of the table, not for this resolver", _in_the_table_only, "ada@gmail.com"),
    Golden("proxy", lambda net: net.proxy_fails(), proxy="socks5://ada:secret@127.0.0.1:1080"),
    Golden("weak dh", mail(imap(), smtp()), wrap=WeakDH),
    Golden("weak dh at a typed server", mail(imap()), f"imap://{MAIL}:993", wrap=WeakDH),
    Golden(
        "tls 1.1", mail(imap(), certificate=_expired(FailureKind.TLS_TOO_OLD, version="TLSv1.1", cipher="AES128-SHA"))
    ),
    Golden(
        "a cipher of dh",
        mail(imap(), certificate=_expired(FailureKind.TLS_FAILED, version="TLSv1.2", cipher="DHE-RSA")),
    ),
    Golden("expired", mail(imap(), smtp(), certificate=_expired(FailureKind.CERTIFICATE_EXPIRED))),
    Golden("self-signed", mail(imap(), smtp(), certificate=_expired(FailureKind.CERTIFICATE_SELF_SIGNED))),
    Golden(
        "unknown ca",
        mail(imap(), smtp(), certificate=_expired(FailureKind.CERTIFICATE_UNKNOWN_CA, issuer="CN=Fortinet")),
    ),
    Golden("another name", mail(imap(), smtp(), certificate=Certificate(("other.example",)))),
    Golden("another alpn", mail(imap(), certificate=_expired(FailureKind.ALPN))),
    Golden("two expired", _two_expired),
    Golden("starttls rewritten", mail(imap(143), MASKED)),
    Golden("starttls rewritten at a typed server", mail(MASKED), f"smtp://{MAIL}:587"),
    Golden("starttls not offered", mail(imap(143, starttls_offered=False), smtp(587, starttls_offered=False))),
    Golden("starttls stripped", _stripped, "ada@gmail.com"),
    Golden("starttls refused", mail(imap(143), smtp(587, starttls_reply="454 4.7.0 not: now"))),
    Golden("early bytes", mail(imap(143, early=b"* OK injected\r\n"), smtp(587, early=b"250 injected\r\n"))),
    Golden("dripping greeting", mail(imap(143), smtp(587, greeting="220 mail.world.example wait", drip=1.0))),
    Golden("dripping at a typed server", mail(smtp(587, greeting="220 mail: wait", drip=1.0)), f"smtp://{MAIL}:587"),
    Golden("tarpit at a typed server", lambda net: net.host(MAIL).hold(993, 143), f"imap://{MAIL}:993"),
    Golden("resets", lambda net: net.host(MAIL).reset(993, 143, 465, 587, 25)),
    Golden("unreachable", lambda net: net.host(MAIL).unreachable()),
    Golden("refusals", mail(imap(993, refusal="* BYE [ALERT] Too many: no."), smtp(465, refusal="554 5.7.1 blocked"))),
    Golden("no login", mail(imap(143, mechanisms=()), smtp(587, mechanisms=()), smtp(25, mechanisms=()))),
    Golden("preauth", mail(imap(143, greeting="* PREAUTH hi"), imap(993, security=Security.PLAIN))),
    Golden("http on the mail port", mail(imap(143, greeting="HTTP/1.1 400 Bad Request"), pop3(995, greeting="hello"))),
    Golden("hijacked port 25", mail(smtp(25, greeting="220 relay.isp.example ESMTP", starttls_offered=False))),
    Golden("blocked mail ports", _two_owners),
    Golden("portal", _portal),
    Golden("certificate of the hoster, other machines", _hoster),
    Golden("certificate of the hoster, no answer about the mx", _hoster_without_mx),
    Golden("denied addresses", _denied),
    Golden("wrong protocol at a typed port", mail(imap(), imap(143), pop3(), pop3(110)), f"pop3://{MAIL}:143"),
    Golden("plaintext at a typed port", mail(pop3(110), pop3()), f"tls+pop3://{MAIL}:110"),
    Golden("tls at a typed port", mail(imap()), f"starttls+imap://{MAIL}:993"),
)
ALL = (*(Golden(world.name, world.build, world.address) for world in WORLDS), *FAULTS)

assert len({world.name for world in ALL}) == len(ALL), "every world has a name of its own"
