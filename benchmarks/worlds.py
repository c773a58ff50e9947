"""Worlds to measure a detection in: what exists, what must come out, and the fewest round trips it can take.

The bound is derived by hand; its chain is written down. One round trip each: a DNS answer, a TCP connection, a TLS
handshake, a greeting, a reply, a page. What policy waits for on purpose (hedge, patience, stagger) stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailsettings.model import Security
from mailsettings.policy import Policy
from mailsettings.testing import FakeNetwork, imap, pop3, smtp

D = "world.example"
POLICY = Policy()
TLS_CHAIN = "A, TCP, TLS, greeting, capabilities"
STARTTLS_CHAIN = "A, TCP, greeting, capabilities, STARTTLS, TLS, capabilities"


@dataclass(frozen=True, slots=True)
class World:
    """One world. *bound* is in round trips, *waits* in seconds."""

    name: str
    build: Callable[[FakeNetwork], None]
    incoming: str  # "imap.world.example:993", empty if there is nothing to find
    outgoing: str
    bound: float
    chain: str
    waits: float = 0.0
    address: str = f"ada@{D}"


WORLDS: list[World] = []


def world(
    incoming: str, outgoing: str, bound: float, chain: str, *, waits: float = 0.0, address: str = f"ada@{D}"
) -> Callable[[Callable[[FakeNetwork], None]], Callable[[FakeNetwork], None]]:
    """Add the decorated builder to WORLDS under its own name."""

    def add(build: Callable[[FakeNetwork], None]) -> Callable[[FakeNetwork], None]:
        name = build.__name__.replace("_", " ")
        WORLDS.append(World(name, build, incoming, outgoing, bound, chain, waits, address))
        return build

    return add


def mail(net: FakeNetwork, imap_host: str, smtp_host: str) -> None:
    """Run a good IMAP and a good submission server."""
    net.host(imap_host).serve(imap())
    net.host(smtp_host).serve(smtp(), smtp(587))


def document(imap_host: str, smtp_host: str) -> str:
    """Return an autoconfig document that names two servers with TLS."""
    return f"""<clientConfig version="1.1"><emailProvider id="{D}"><domain>{D}</domain><displayName>World</displayName>
<incomingServer type="imap"><hostname>{imap_host}</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>{smtp_host}</hostname><port>465</port><socketType>SSL</socketType>
<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>
</emailProvider></clientConfig>"""


def web(net: FakeNetwork) -> None:
    """Run the domain's web server, which has no document."""
    net.host(D).web(80, 443)


def own_mx(net: FakeNetwork, host: str = f"mail.{D}") -> None:
    net.records(D, MX=f"10 {host}")


# The table


@world("imap.gmail.com:993", "smtp.gmail.com:465", 5, TLS_CHAIN, address="ada@gmail.com")
def table(net: FakeNetwork) -> None:
    mail(net, "imap.gmail.com", "smtp.gmail.com")


@world("imap.gmail.com:993", "smtp.gmail.com:587", 8, f"{STARTTLS_CHAIN}, after a refusal", address="ada@gmail.com")
def table_first_port_refused(net: FakeNetwork) -> None:
    net.host("imap.gmail.com").serve(imap())
    net.host("smtp.gmail.com").serve(smtp(587))


@world(
    "imap.gmail.com:993",
    "smtp.gmail.com:587",
    7,
    STARTTLS_CHAIN,
    waits=POLICY.timeouts.better_source_grace,
    address="ada@gmail.com",
)
def table_first_port_filtered(net: FakeNetwork) -> None:
    net.host("imap.gmail.com").serve(imap())
    net.host("smtp.gmail.com").drop(465).serve(smtp(587))


@world("imap.gmail.com:993", "smtp.gmail.com:465", 6, f"MX, {TLS_CHAIN}")
def table_by_mx(net: FakeNetwork) -> None:
    net.records(D, MX=("1 aspmx.l.google.com", "5 alt1.aspmx.l.google.com"))
    mail(net, "imap.gmail.com", "smtp.gmail.com")


@world("imap.gmail.com:993", "smtp.gmail.com:465", 6, f"MX, {TLS_CHAIN}")
def table_by_mx_with_a_live_panel(net: FakeNetwork) -> None:
    table_by_mx(net)
    mail(net, f"mail.{D}", f"smtp.{D}")
    net.host(f"mail.{D}").serve(imap(), smtp())


@world("imap.gmail.com:993", "smtp.gmail.com:465", 6, f"MX, {TLS_CHAIN}", waits=POLICY.timeouts.better_source_grace)
def table_by_mx_with_a_silent_web_host(net: FakeNetwork) -> None:
    table_by_mx(net)
    net.host(D).hold(80, 443)


@world("outlook.office365.com:993", "smtp.office365.com:587", 9, f"MX, CNAME of autodiscover., {STARTTLS_CHAIN}")
def microsoft_behind_a_filter(net: FakeNetwork) -> None:
    net.records(D, MX="10 mx1.hc123.eu.iphmx.com")
    net.records(f"autodiscover.{D}", CNAME="autodiscover.outlook.com")
    net.host("autodiscover.outlook.com")
    net.host("outlook.office365.com").serve(imap(mechanisms=("XOAUTH2", "PLAIN")))
    net.host("smtp.office365.com").serve(smtp(587, mechanisms=("XOAUTH2", "LOGIN")))


# Documents


@world(f"in.{D}:993", f"out.{D}:465", 9, f"A, TCP, TLS, page; {TLS_CHAIN}")
def document_on_autoconfig(net: FakeNetwork) -> None:
    net.page(f"https://autoconfig.{D}/mail/config-v1.1.xml", document(f"in.{D}", f"out.{D}"))
    mail(net, f"in.{D}", f"out.{D}")


@world(f"in.{D}:993", f"out.{D}:465", 9, f"A, TCP, TLS, page; {TLS_CHAIN}")
def document_well_known(net: FakeNetwork) -> None:
    net.page(f"https://{D}/.well-known/autoconfig/mail/config-v1.1.xml", document(f"in.{D}", f"out.{D}"))
    mail(net, f"in.{D}", f"out.{D}")


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN, waits=0)
def document_names_what_would_be_guessed(net: FakeNetwork) -> None:
    net.page(f"https://autoconfig.{D}/mail/config-v1.1.xml", document(f"imap.{D}", f"smtp.{D}"))
    mail(net, f"imap.{D}", f"smtp.{D}")


@world("in.hoster.example:993", "out.hoster.example:465", 10, f"MX; A, TCP, TLS, page; {TLS_CHAIN}")
def document_by_mx(net: FakeNetwork) -> None:
    net.records(D, MX="10 mx7.hoster.example")
    net.host("mx7.hoster.example")
    net.page(
        "https://autoconfig.hoster.example/mail/config-v1.1.xml", document("in.hoster.example", "out.hoster.example")
    )
    mail(net, "in.hoster.example", "out.hoster.example")


@world("in.hoster.example:993", "out.hoster.example:465", 9, f"A, TCP, TLS, page; {TLS_CHAIN}")
def document_in_the_ispdb(net: FakeNetwork) -> None:
    net.records(D, TXT="here")
    net.page(f"https://live.thunderbird.net/autoconfig/v1.1/{D}", document("in.hoster.example", "out.hoster.example"))
    mail(net, "in.hoster.example", "out.hoster.example")


@world(f"in.{D}:993", f"out.{D}:465", 11, f"A, refused, TCP, page after https; {TLS_CHAIN}")
def document_over_http_only(net: FakeNetwork) -> None:
    net.page(f"http://autoconfig.{D}/mail/config-v1.1.xml", document(f"in.{D}", f"out.{D}"))
    mail(net, f"in.{D}", f"out.{D}")


@world(f"in.{D}:993", f"out.{D}:465", 12, f"A, TCP, TLS, 302, A, TCP, TLS, page; {TLS_CHAIN}")
def document_after_a_redirect(net: FakeNetwork) -> None:
    net.redirect(f"https://autoconfig.{D}/mail/config-v1.1.xml", f"https://www.{D}/config.xml")
    net.page(f"https://www.{D}/config.xml", document(f"in.{D}", f"out.{D}"))
    mail(net, f"in.{D}", f"out.{D}")


# SRV


def tls_records(net: FakeNetwork, imap_host: str, smtp_host: str) -> None:
    net.records(f"_imaps._tcp.{D}", SRV=f"0 1 993 {imap_host}")
    net.records(f"_submissions._tcp.{D}", SRV=f"0 1 465 {smtp_host}")


@world(f"box.{D}:993", f"box.{D}:465", 6, f"SRV, {TLS_CHAIN}")
def srv(net: FakeNetwork) -> None:
    tls_records(net, f"box.{D}", f"box.{D}")
    net.host(f"box.{D}").serve(imap(), smtp())


@world("in.hoster.example:993", "out.hoster.example:465", 6, f"SRV, {TLS_CHAIN}")
def srv_to_another_domain(net: FakeNetwork) -> None:
    tls_records(net, "in.hoster.example", "out.hoster.example")
    mail(net, "in.hoster.example", "out.hoster.example")


@world(f"box.{D}:143", f"box.{D}:587", 8, f"SRV, {STARTTLS_CHAIN}")
def srv_starttls(net: FakeNetwork) -> None:
    net.records(f"_imap._tcp.{D}", SRV=f"0 1 143 box.{D}")
    net.records(f"_submission._tcp.{D}", SRV=f"0 1 587 box.{D}")
    net.host(f"box.{D}").serve(imap(143), smtp(587))


@world(f"box.{D}:993", f"box.{D}:465", 6, f"SRV, {TLS_CHAIN}")
def srv_submission_on_465(net: FakeNetwork) -> None:
    net.records(f"_imaps._tcp.{D}", SRV=f"0 1 993 box.{D}")
    net.records(f"_submission._tcp.{D}", SRV=f"0 1 465 box.{D}")
    net.host(f"box.{D}").serve(imap(), smtp())


@world(f"b.{D}:993", f"b.{D}:465", 8, f"SRV, A, refused; {TLS_CHAIN}")
def srv_first_listed_server_dead(net: FakeNetwork) -> None:
    net.records(f"_imaps._tcp.{D}", SRV=(f"0 1 993 a.{D}", f"1 1 993 b.{D}"))
    net.records(f"_submissions._tcp.{D}", SRV=(f"0 1 465 a.{D}", f"1 1 465 b.{D}"))
    net.host(f"a.{D}")
    net.host(f"b.{D}").serve(imap(), smtp())


@world(
    f"b.{D}:993",
    f"b.{D}:465",
    6,
    f"SRV, {TLS_CHAIN}",
    waits=POLICY.timeouts.next_server_delay + POLICY.timeouts.better_source_grace,
)
def srv_first_listed_server_silent(net: FakeNetwork) -> None:
    srv_first_listed_server_dead(net)
    net.host(f"a.{D}").drop()


# Guesses


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN)
def guess_imap_and_smtp(net: FakeNetwork) -> None:
    mail(net, f"imap.{D}", f"smtp.{D}")


@world(f"imap.{D}:993", f"smtp.{D}:465", 7, "A, TCP, TLS, 404 without, TCP, TLS, 404 with the address")
def guess_imap_and_smtp_beside_a_web_host(net: FakeNetwork) -> None:
    web(net)
    own_mx(net, f"mx.{D}")
    net.host(f"mx.{D}")
    mail(net, f"imap.{D}", f"smtp.{D}")


@world(f"mail.{D}:993", f"mail.{D}:465", 5, TLS_CHAIN)
def guess_mail(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(f"mail.{D}").serve(imap(), smtp(), smtp(587))


@world(f"{D}:993", f"{D}:465", 6, f"all sources refused, {TLS_CHAIN}")
def guess_the_domain_itself(net: FakeNetwork) -> None:
    own_mx(net, D)
    net.host(D).serve(imap(), smtp(), smtp(587))


@world(f"mail.{D}:143", f"mail.{D}:587", 9, f"refused on 993, {STARTTLS_CHAIN}")
def guess_starttls_only(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(f"mail.{D}").serve(imap(143), smtp(587))


@world(f"pop.{D}:995", f"smtp.{D}:465", 6, f"sources, {TLS_CHAIN}")
def guess_pop3_only(net: FakeNetwork) -> None:
    net.host(f"pop.{D}").serve(pop3(), pop3(110))
    net.host(f"smtp.{D}").serve(smtp(), smtp(587))


@world(f"mx1.{D}:993", f"mx1.{D}:465", 6, f"MX, {TLS_CHAIN}")
def guess_the_mx_host(net: FakeNetwork) -> None:
    own_mx(net, f"mx1.{D}")
    net.host(f"mx1.{D}").serve(imap(), smtp())


@world(f"imap.{D}:993", f"smtp.{D}:465", 6, f"CNAME answered at once; {TLS_CHAIN}")
def guess_through_a_cname(net: FakeNetwork) -> None:
    net.records(f"imap.{D}", CNAME=f"box.{D}")
    net.records(f"smtp.{D}", CNAME=f"box.{D}")
    net.host(f"box.{D}", certificate=(f"imap.{D}", f"smtp.{D}")).serve(imap(), smtp())


@world("srv7.hoster.example:993", "srv7.hoster.example:465", 8, f"A, TCP, TLS for another name; {TLS_CHAIN}")
def certificate_of_the_hoster(net: FakeNetwork) -> None:
    net.records(D, MX="10 srv7.hoster.example")
    net.host("srv7.hoster.example", "11.7.0.1", certificate=("*.hoster.example",)).serve(imap(), smtp())
    net.host(f"mail.{D}", "11.7.0.1", certificate=("*.hoster.example",))


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN)
def wildcard_dns(net: FakeNetwork) -> None:
    net.host(f"*.{D}", "11.8.0.1")
    mail(net, f"imap.{D}", f"smtp.{D}")


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN)
def one_address_for_everything(net: FakeNetwork) -> None:
    for name in (f"imap.{D}", f"mail.{D}", f"smtp.{D}", f"pop.{D}"):
        net.host(name, "11.9.0.1")
    net.host(f"imap.{D}", "11.9.0.1").serve(imap(), imap(143), pop3(), smtp(), smtp(587))


@world(f"imap.{D}:993", f"smtp.{D}:587", 8, f"A, refused on 465, {STARTTLS_CHAIN[3:]}")
def guess_with_submission_on_587_only(net: FakeNetwork) -> None:
    net.host(f"imap.{D}").serve(imap())
    net.host(f"smtp.{D}").serve(smtp(587))


# Trouble


@world(f"mail.{D}:993", f"mail.{D}:465", 5, TLS_CHAIN, waits=POLICY.timeouts.better_source_grace)
def silent_web_host(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(D).hold(80, 443)
    net.host(f"mail.{D}").serve(imap(), smtp(), smtp(587))


@world(f"mail.{D}:993", f"mail.{D}:465", 5, TLS_CHAIN, waits=POLICY.timeouts.better_source_grace)
def filtered_web_host(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(D).drop()
    net.host(f"mail.{D}").serve(imap(), smtp(), smtp(587))


@world(
    f"mail.{D}:143",
    f"mail.{D}:587",
    7,
    STARTTLS_CHAIN,
    waits=POLICY.timeouts.guess_after + POLICY.timeouts.better_source_grace,
)
def silent_web_host_and_starttls_only(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(D).hold(80, 443)
    net.host(f"mail.{D}").serve(imap(143), smtp(587))


@world(f"mail.{D}:993", f"mail.{D}:465", 5, TLS_CHAIN, waits=POLICY.timeouts.better_source_grace)
def silent_autoconfig_host(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(f"autoconfig.{D}").hold(80, 443)
    net.host(f"autodiscover.{D}").drop()
    net.host(f"mail.{D}").serve(imap(), smtp(), smtp(587))


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN, waits=POLICY.timeouts.better_source_grace)
def silent_dns_for_srv(net: FakeNetwork) -> None:
    net.mute(type_="SRV")
    mail(net, f"imap.{D}", f"smtp.{D}")


@world(f"imap.{D}:993", f"smtp.{D}:465", 6, f"AAAA, A; {TLS_CHAIN}", waits=POLICY.timeouts.connection_attempt_delay)
def broken_ipv6(net: FakeNetwork) -> None:
    net.host(f"imap.{D}", "2001:db8:1::1").drop()
    net.host(f"smtp.{D}", "2001:db8:1::2").drop()
    mail_on = (("imap", "11.10.0.1"), ("smtp", "11.10.0.2"))
    for label, ip in mail_on:
        net.host(f"{label}.{D}", ip).serve(imap(), smtp())


@world(f"imap.{D}:993", f"smtp.{D}:465", 5, TLS_CHAIN, waits=3.0)
def slow_banner(net: FakeNetwork) -> None:
    net.host(f"imap.{D}").serve(imap())
    net.host(f"smtp.{D}").serve(smtp(465, greeting_delay=3.0))


@world(
    f"mail.{D}:143",
    f"mail.{D}:587",
    7,
    STARTTLS_CHAIN,
    waits=POLICY.timeouts.guess_after + POLICY.timeouts.better_source_grace,
)
def filtered_tls_ports(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(f"mail.{D}").drop().serve(imap(143), smtp(587))


@world("", "", 0, "no server responds", waits=POLICY.timeouts.first_response_timeout)
def everything_filtered(net: FakeNetwork) -> None:
    own_mx(net)
    for name in (D, f"mail.{D}", f"imap.{D}", f"smtp.{D}", f"pop.{D}"):
        net.host(name).drop()


@world("", "", 0, "no server responds", waits=POLICY.timeouts.first_response_timeout)
def everything_a_tarpit(net: FakeNetwork) -> None:
    own_mx(net)
    for name in (D, f"mail.{D}", f"imap.{D}", f"smtp.{D}", f"pop.{D}"):
        net.host(name).hold(25, 80, 110, 143, 443, 465, 587, 993, 995)


@world("", "", 2, "MX, and whether DNS knows anything at all")
def no_such_domain(net: FakeNetwork) -> None:
    net.records("com", NS="a.nic.example")


@world("", "", 1, "MX")
def null_mx(net: FakeNetwork) -> None:
    net.records(D, MX="0 .")
    web(net)


@world("", "", 3, "A, TCP refused everywhere")
def no_mail_server(net: FakeNetwork) -> None:
    own_mx(net)
    net.host(f"mail.{D}")


@world(f"imap.{D}:143", f"smtp.{D}:587", 9, f"plain on the TLS ports; {STARTTLS_CHAIN}")
def plain_on_the_tls_ports(net: FakeNetwork) -> None:
    net.host(f"imap.{D}").serve(imap(993, security=Security.PLAIN), imap(143))
    net.host(f"smtp.{D}").serve(smtp(465, security=Security.PLAIN), smtp(587))
