"""What lies between this machine and all servers: clock, portal, invented names, blocked ports."""

from datetime import UTC, datetime

import pytest

from mailsettings.diagnosis.explain import findings_of
from mailsettings.errors import FailureKind
from mailsettings.model import Confidence, Detection, Failure
from mailsettings.observations import NetworkObservations
from mailsettings.testing import Certificate, FakeNetwork, imap, smtp
from tests.support.diagnosis_runs import ADA, D, codes, diagnosed
from tests.support.values import endpoint

MAIL = f"mail.{D}"
FROM, TO = "2026-06-01T00:00:00+00:00", "2027-06-01T00:00:00+00:00"
RIGHT = "Sat, 28 Nov 2026 12:00:00 GMT"
TOO_EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def two_owners(*certificates: Certificate) -> FakeNetwork:
    """Return a world whose two mail servers belong to two companies."""
    net = FakeNetwork(rtt=0.05)
    hosts = [certificate.names[0] for certificate in certificates]
    for host, certificate in zip(hosts, certificates, strict=True):
        net.host(host, certificate=certificate).serve(imap())
    net.records(f"_imaps._tcp.{D}", SRV=tuple(f"0 1 993 {host}" for host in hosts))
    return net


def dated(host: str, problem: FailureKind, begin: str = FROM, end: str = TO) -> Certificate:
    return Certificate((host,), problem, not_before=begin, not_after=end)


def test_unrelated_hosts_with_wrong_dates_point_at_our_clock() -> None:
    """
    Two companies do not renew on the same day: both certificates would be valid at one and the same other time.
    """
    early = FailureKind.CERTIFICATE_NOT_YET_VALID
    net = two_owners(dated("imap.one.example", early), dated("imap.two.example", early))

    found = diagnosed(net, ADA, today=TOO_EARLY).findings

    assert found[0].code == "clock-wrong"
    assert "2020-01-01" in found[0].evidence
    assert "2026-06-01" in found[0].evidence


def test_certificates_that_no_clock_could_make_valid_are_not_the_clock_s_fault() -> None:
    """
    One has expired before the other began.
    """
    net = two_owners(
        dated("imap.one.example", FailureKind.CERTIFICATE_EXPIRED, "2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        dated("imap.two.example", FailureKind.CERTIFICATE_EXPIRED, "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    )

    assert "clock-wrong" not in codes(net, ADA)


@pytest.mark.parametrize(
    ("now", "dates", "wanted"),
    [
        pytest.param(datetime(2026, 11, 26, tzinfo=UTC), (RIGHT, RIGHT), ["certain"], id="two servers"),
        pytest.param(datetime(2026, 11, 26, tzinfo=UTC), (RIGHT,), ["likely"], id="one server"),
        pytest.param(datetime(2026, 11, 28, 6, tzinfo=UTC), (RIGHT,), [], id="some hours are nobody's trouble"),
        pytest.param(datetime(2026, 11, 28, tzinfo=UTC), (RIGHT, "Sat, 1 Jan 2000 00:00:00 GMT"), [], id="one agrees"),
        pytest.param(datetime(2026, 11, 26, tzinfo=UTC), ("Fri, 31 Dec 9999 23:59:59 -2359",), [], id="no date"),
        pytest.param(datetime(2026, 11, 26, tzinfo=UTC), ("soon", ""), [], id="words"),
    ],
)
def test_verified_web_servers_tell_the_date(now: datetime, dates: tuple[str, ...], wanted: list[str]) -> None:
    """
    More than a day off is said, unless a server agrees with our clock: a stranger may say anything.
    """
    detection = Detection(ADA, failures=(Failure(FailureKind.REFUSED, endpoint(f"imap://{MAIL}:993")),))
    observations = NetworkObservations(
        now, dates=tuple((f"www.{number}.example", text) for number, text in enumerate(dates))
    )

    found = [item for item in findings_of(detection, observations=observations) if item.code == "clock-wrong"]

    assert [item.confidence for item in found] == wanted


def test_one_page_for_every_name_is_a_portal() -> None:
    """
    T15: every name leads to one machine, also one that nobody has: the network wants a sign-in first.
    """
    net = FakeNetwork(rtt=0.05)
    net.host("portal.example.net", "11.0.0.9").web(80, 443)
    for name in ("*", "*.net"):
        net.records(name, A="11.0.0.9")

    found = diagnosed(net, ADA).findings

    assert found[0].code == "captive-portal"
    assert found[0].whose == "network"


def test_one_answer_from_unrelated_hosts_is_a_portal() -> None:
    """
    T15: DNS is right, but connections of two companies end at the same web server.
    """
    net = FakeNetwork(rtt=0.05)
    for host in ("imap.one.example", "imap.two.example"):
        net.host(host).serve(imap(greeting="HTTP/1.1 302 Found"))
    net.records(f"_imaps._tcp.{D}", SRV=("0 1 993 imap.one.example", "0 1 993 imap.two.example"))

    assert "captive-portal" in codes(net, ADA)


def test_names_that_are_invented_are_said() -> None:
    """
    A resolver that answers for names nobody has, and leads them elsewhere: dropped guesses prove nothing then.
    """
    net = FakeNetwork(rtt=0.05)
    net.records("*", A="11.0.0.9")
    net.host(f"mx1.{D}", "11.0.0.20").drop()

    assert "dns-hijacked" in codes(net, f"imap://mx1.{D}:993")


def test_a_wildcard_of_the_domain_is_no_hijack() -> None:
    """
    The domain answers for all names below it, and for no others.
    """
    net = FakeNetwork(rtt=0.05)
    net.host("web.example", "11.0.0.9")
    net.records(f"*.{D}", A="11.0.0.9")

    assert not {"dns-hijacked", "captive-portal"} & set(codes(net, ADA))


@pytest.mark.parametrize(
    ("host", "drop", "asked"),
    [
        pytest.param(MAIL, False, 0, id="nothing to explain"),
        pytest.param(MAIL, True, 0, id="a neighbour was said not to exist"),
        pytest.param(f"mx1.{D}", True, 1, id="no name was missing"),
    ],
)
def test_a_strange_name_is_asked_for_once_and_only_when_it_can_tell(host: str, drop: bool, asked: int) -> None:
    """
    A resolver that says of one name that it does not exist invents none.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(host).serve(imap())
    if drop:
        net.host(host).drop(993)

    codes(net, f"imap://{host}:993")

    assert len([question for question in net.questions if question.endswith(".com A")]) == asked


def _filtered(net: FakeNetwork) -> FakeNetwork:
    for host in ("imap.one.example", "imap.two.example"):
        net.host(host).drop()
    net.records(f"_imaps._tcp.{D}", SRV=("0 1 993 imap.one.example", "0 1 993 imap.two.example"))
    return net


def test_mail_ports_are_blocked_where_the_web_answers() -> None:
    """
    No mail port of two companies answers, and a web server does.
    """
    net = _filtered(FakeNetwork(rtt=0.05))
    net.host(f"autoconfig.{D}").web(443)

    found = diagnosed(net, ADA).findings

    assert (found[0].code, found[0].confidence) == ("mail-ports-blocked", Confidence.LIKELY)
    assert f"web server autoconfig.{D}" in found[0].evidence


def test_the_network_is_down_where_nothing_answers() -> None:
    """
    Names have addresses (a resolver nearby knows them), but nobody answers, not even a web server.
    """
    net = _filtered(FakeNetwork(rtt=0.05))
    net.host(f"autoconfig.{D}").drop()

    assert codes(net, ADA)[0] == "network-down"


def test_a_host_whose_web_server_answers_is_up() -> None:
    """
    A typed host without any port of mail: port 443 tells a dead machine from one that keeps no mail.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).drop().web(443)

    found = diagnosed(net, f"imap://{MAIL}:993").findings

    assert found[0].code == "host-unreachable"
    assert "port 443 answers" in found[0].evidence


def test_an_access_provider_that_answers_on_port_25_is_named() -> None:
    """
    On 25 somebody else greets under his own name, on 465 the server itself.
    """
    net = FakeNetwork(rtt=0.05)
    hijacked = smtp(25, greeting="220 relay.isp.example ESMTP", starttls_offered=False)
    net.host(MAIL).serve(smtp(), hijacked)

    found = diagnosed(net, f"smtp://{MAIL}:25").findings

    assert found[0].code == "port-hijacked-by-isp"
    assert "relay.isp.example" in found[0].evidence


def test_starttls_that_the_table_knows_is_taken_away() -> None:
    """
    Offered elsewhere but not here: the provider table has the server with STARTTLS.
    """
    net = FakeNetwork(rtt=0.05)
    net.host("smtp.gmail.com").serve(smtp(587, starttls_offered=False)).drop(465)

    assert "starttls-stripped" in codes(net, "ada@gmail.com")


def test_ports_that_accept_and_keep_silent_are_a_tarpit() -> None:
    """
    One silent port may be the wrong one; two of them hold us.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).hold(993, 143)

    assert codes(net, f"imap://{MAIL}:993") == ["tarpit"]


def test_a_greeting_in_drops_is_a_tarpit() -> None:
    """
    A letter every second keeps mail programs waiting for minutes.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(smtp(587, greeting="220 mail.world.example please wait", drip=1.0))

    assert codes(net, f"smtp://{MAIL}:587")[0] == "tarpit"


def test_a_page_for_everybody_is_a_portal() -> None:
    """
    T15: the database of providers answers with a page of HTML, as the domain's own host does.
    """
    net = FakeNetwork(rtt=0.05)
    page = "<html><body>Welcome! Sign in to the network.</body></html>"
    for url in (
        f"https://autoconfig.{D}/mail/config-v1.1.xml",
        f"https://live.thunderbird.net/autoconfig/v1.1/{D}",
    ):
        net.page(url, page, content_type="text/html")
    net.host(MAIL).drop()

    assert "captive-portal" in codes(net, ADA)


def test_the_web_sites_of_two_companies_are_no_portal() -> None:
    """
    Many web servers have a page for every path.
    """
    net = FakeNetwork(rtt=0.05)
    net.page(f"https://autoconfig.{D}/mail/config-v1.1.xml", "<html>A</html>", content_type="text/html")
    net.page("https://autoconfig.mx.example/mail/config-v1.1.xml", "<html>A</html>", content_type="text/html")
    net.records(D, MX="10 a.mx.example")
    net.host(MAIL).drop()

    assert "captive-portal" not in codes(net, ADA)


def test_the_date_of_a_document_tells_a_wrong_clock() -> None:
    """
    The whole way: a web server whose certificate is good refuses the document, and says what day it is.
    """
    net = FakeNetwork(rtt=0.05)
    url = f"https://autoconfig.{D}/mail/config-v1.1.xml"
    net.page(url, status=404, headers=(("Date", "Sat, 28 Nov 2026 12:00:00 GMT"),))
    net.host(MAIL).serve(imap()).drop(465, 587)

    found = diagnosed(net, ADA, today=datetime(2026, 12, 24, tzinfo=UTC)).findings

    assert (found[0].code, found[0].confidence) == ("clock-wrong", Confidence.LIKELY)
    assert "2026-11-28" in found[0].evidence


def test_a_typed_host_of_a_known_provider_has_its_page() -> None:
    """
    The provider's own page stands beside what the user has to do.
    """
    net = FakeNetwork(rtt=0.05)
    net.host("imap.gmail.com").serve(imap(143))

    found = diagnosed(net, "starttls+pop3://imap.gmail.com:143").findings

    assert [(item.code, item.link.partition("/answer")[0]) for item in found] == [
        ("wrong-protocol-on-port", "https://support.google.com/mail")
    ]
