"""Every way by which a stranger can name an address for us to contact, and the addresses that must not be contacted."""

from __future__ import annotations

from collections.abc import Callable

from mailsettings.testing import FakeNetwork
from tests.support.security.harness import DOMAIN
from tests.support.security.web_pages import URL, document, server

DENIED = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
)
BAIT = f"bait.{DOMAIN}"
Route = Callable[[FakeNetwork, str], None]


def point(net: FakeNetwork, name: str, address: str) -> None:
    """Let *name* have *address*."""
    net.records(name, **{"AAAA" if ":" in address else "A": address})


def by_address(net: FakeNetwork, address: str) -> None:
    """The usual names themselves lead there."""
    for label in ("imap.", "mail.", "smtp.", "autoconfig.", "autodiscover.", ""):
        point(net, f"{label}{DOMAIN}", address)


def by_mx(net: FakeNetwork, address: str) -> None:
    net.records(DOMAIN, MX=f"10 {BAIT}")
    point(net, BAIT, address)


def by_srv(net: FakeNetwork, address: str) -> None:
    for label, port in (("_imaps", 993), ("_submission", 587), ("_pop3s", 995), ("_jmap", 443), ("_autodiscover", 443)):
        net.records(f"{label}._tcp.{DOMAIN}", SRV=f"0 1 {port} {BAIT}")
    point(net, BAIT, address)


def by_cname(net: FakeNetwork, address: str) -> None:
    for label in ("imap", "mail", "smtp", "autoconfig"):
        net.records(f"{label}.{DOMAIN}", CNAME=BAIT)
    point(net, BAIT, address)


def by_redirect(net: FakeNetwork, address: str) -> None:
    """A good web server leads on to a name that leads there."""
    net.redirect(URL, f"https://{BAIT}/x")
    net.redirect(f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml", f"https://{BAIT}/y")
    point(net, BAIT, address)


def by_document(net: FakeNetwork, address: str) -> None:
    """A good document names a host that is there."""
    net.page(URL, document(server(BAIT)))
    point(net, BAIT, address)


def by_txt(net: FakeNetwork, address: str) -> None:
    net.records(DOMAIN, TXT=f"mailconf=https://{BAIT}/x.xml")
    point(net, BAIT, address)


def by_literal(net: FakeNetwork, address: str) -> None:
    """The address itself stands where a host should: in a redirect, a document, a record."""
    literal = f"[{address}]" if ":" in address else address
    net.redirect(URL, f"https://{literal}/x")
    net.page(f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml", document(server(literal)))
    net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 {literal}")
    net.records(DOMAIN, MX=f"10 {literal}", TXT=f"mailconf=https://{literal}/x.xml")


ROUTES: dict[str, Route] = {
    "address": by_address,
    "mx": by_mx,
    "srv": by_srv,
    "cname": by_cname,
    "redirect": by_redirect,
    "document": by_document,
    "txt": by_txt,
    "literal": by_literal,
}
NAMES = (BAIT, DOMAIN, *(f"{label}.{DOMAIN}" for label in ("imap", "mail", "smtp", "autoconfig", "autodiscover")))
HARMLESS = "11.9.0.1"


def first_answer(net: FakeNetwork, route: Route, address: str) -> None:
    """Lead to *address* from the beginning."""
    route(net, address)


def changed_answer(net: FakeNetwork, route: Route, address: str) -> None:
    """Lead to a harmless address when asked first, and to *address* ever after (DNS rebinding)."""
    route(net, HARMLESS)
    net.host("harmless.example", HARMLESS).web(443).hold(993, 465, 587, 995)
    for name in NAMES:
        net.rebind(name, **{"AAAA" if ":" in address else "A": address})


def mixed_answer(net: FakeNetwork, route: Route, address: str) -> None:
    """Lead to *address* and to a harmless one at the same time."""
    route(net, address)
    for name in NAMES:
        if net.zones.addresses(name) == (address,):
            point(net, name, HARMLESS)


ANSWERS = {"first": first_answer, "changed": changed_answer, "mixed": mixed_answer}
