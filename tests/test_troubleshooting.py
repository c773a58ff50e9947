"""What is wrong, seen from outside: typed settings in worlds where one thing is broken."""

from collections.abc import Callable

import pytest

from mailsettings.errors import FailureKind
from mailsettings.provider_table import table
from mailsettings.schema import from_json
from mailsettings.testing import Certificate, FakeNetwork, Server, imap, pop3, smtp
from tests.support.diagnosis_runs import ADA, D, codes, diagnosed

MAIL = f"mail.{D}"


def test_good_settings_have_no_finding() -> None:
    """
    Nothing to say.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap(), smtp())

    assert codes(net, f"imap://{MAIL}:993") == []


def test_an_imap_port_given_for_pop3_is_named_with_the_right_one() -> None:
    """
    Gandi's page: "Missing +OK response … * OK [CAPABILITY IMAP4rev1": the port that answers in POP3 is found.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap(), imap(143), pop3(), pop3(110))

    found = diagnosed(net, f"pop3://{MAIL}:143").findings

    assert [item.code for item in found] == ["wrong-protocol-on-port"]
    assert "IMAP" in found[0].evidence
    assert found[0].advice == "Use port 995 with TLS or 110 with STARTTLS."


def test_tls_on_a_plaintext_port_is_told_from_broken_tls() -> None:
    """
    Gandi's page: "SSL protocol error": the port does not begin with TLS.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(pop3(110), pop3())

    assert codes(net, f"tls+pop3://{MAIL}:110") == ["tls-expected-plain-found"]


def test_clear_text_on_a_port_of_tls_is_told_from_silence() -> None:
    """
    The reverse: the server waits for a handshake and the client for a greeting.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap())

    assert codes(net, f"starttls+imap://{MAIL}:993") == ["plain-expected-tls-found"]


def test_a_certificate_is_spoken_of_once_for_all_ports_of_its_host() -> None:
    """
    Five ports show the same expired certificate; two more are closed, which nobody had stated and which means nothing.
    """
    net = FakeNetwork(rtt=0.05)
    old = Certificate((MAIL,), problem=FailureKind.CERTIFICATE_EXPIRED)
    servers = (imap(), imap(143), pop3(), smtp(), smtp(587))
    net.host(MAIL, certificate=old).serve(*servers).refuse(110, 25)

    found = diagnosed(net, ADA).findings

    assert [(item.code, item.text) for item in found] == [
        ("certificate-expired", f"The certificate of {MAIL} has expired.")
    ]


def test_a_name_that_does_not_exist_is_named() -> None:
    """
    Gandi's page: "We were unable to locate the other domain."
    """
    net = FakeNetwork(rtt=0.05)

    found = diagnosed(net, "pop3://mail.yourdomain.example:995").findings

    assert [item.code for item in found] == ["name-not-found"]
    assert "mail.yourdomain.example" in found[0].text


def test_a_name_without_an_address_is_another_thing() -> None:
    """
    It exists, for mail exchange only.
    """
    net = FakeNetwork(rtt=0.05)
    net.records(MAIL, TXT="here")

    assert codes(net, f"imap://{MAIL}:993") == ["no-address-record"]


def test_a_broken_zone_is_the_provider_s_job() -> None:
    """
    SERVFAIL: the name may exist.
    """
    net = FakeNetwork(rtt=0.05)
    net.servfail(D)

    found = diagnosed(net, f"imap://{MAIL}:993").findings

    assert [(item.code, item.whose) for item in found] == [("dns-broken", "provider")]


def test_a_slip_in_the_address_is_asked_about() -> None:
    """
    gmial.com has no servers; gmail.com has.
    """
    net = FakeNetwork(rtt=0.05)
    net.records("com", NS="a.gtld.example")

    found = diagnosed(net, "ada@gmial.com").findings

    assert ("typo", "Did you mean ada@gmail.com?") in [(item.code, item.advice) for item in found]


@pytest.mark.parametrize(
    ("build", "where", "wanted"),
    [
        pytest.param(lambda n: n.host(MAIL).serve(imap()), f"imap://{MAIL}:143", "nothing-listens", id="refused-here"),
        pytest.param(lambda n: n.host(MAIL), f"imap://{MAIL}:993", "no-mail-server-there", id="refused-everywhere"),
        pytest.param(
            lambda n: n.host(MAIL).serve(imap()).drop(143), f"imap://{MAIL}:143", "port-blocked", id="one-port"
        ),
        pytest.param(lambda n: n.host(MAIL).drop(), f"imap://{MAIL}:993", "host-unreachable", id="the-whole-host"),
        pytest.param(
            lambda n: n.host(MAIL).serve(smtp()).drop(25), f"smtp://{MAIL}:25", "port-25-blocked", id="only-25"
        ),
        pytest.param(lambda n: n.host(MAIL).reset(993), f"imap://{MAIL}:993", "connection-reset", id="reset"),
        pytest.param(lambda n: n.offline(), f"imap://{MAIL}:993", "network-down", id="no-network"),
        pytest.param(lambda n: n.host(MAIL).hold(993), f"imap://{MAIL}:993", "silent-server", id="tarpit"),
    ],
)
def test_connections_fail_in_ways_that_are_told_apart(
    build: Callable[[FakeNetwork], object], where: str, wanted: str
) -> None:
    """
    Gmail's page: "Connection timed out", "Connection reset by peer": by host, by port, only 25, everything.
    """
    net = FakeNetwork(rtt=0.05)
    build(net)

    assert codes(net, where)[0] == wanted


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (FailureKind.CERTIFICATE_EXPIRED, "certificate-expired"),
        (FailureKind.CERTIFICATE_NOT_YET_VALID, "certificate-not-yet-valid"),
        (FailureKind.CERTIFICATE_SELF_SIGNED, "certificate-self-signed"),
        (FailureKind.CERTIFICATE_UNKNOWN_CA, "certificate-unknown-ca"),
        (FailureKind.CERTIFICATE_OTHER, "certificate-invalid"),
        (FailureKind.TLS_TOO_OLD, "tls-too-old"),
        (FailureKind.TLS_FAILED, "tls-failed"),
        (FailureKind.ALPN, "wrong-protocol-on-port"),
    ],
)
def test_each_fault_of_tls_has_its_name(problem: FailureKind, wanted: str) -> None:
    """
    One fault, one finding.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL, certificate=Certificate((MAIL,), problem=problem)).serve(imap())

    assert codes(net, f"imap://{MAIL}:993") == [wanted]


def test_a_certificate_for_another_name_leads_to_the_host_that_verifies() -> None:
    """
    Gmail's page: "the certificate's CN name does not match": IMAP was set up with the POP server's name.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(f"pop.{D}", "11.0.0.7", certificate=(f"imap.{D}",)).serve(imap())
    net.host(f"imap.{D}", "11.0.0.7").serve(imap())

    found = diagnosed(net, f"imap://pop.{D}:993").findings

    assert [item.code for item in found] == ["certificate-name"]
    assert f"imap.{D}" in found[0].advice


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        pytest.param(smtp(587, starttls_offered=False), "starttls-not-offered", id="stripped"),
        pytest.param(
            smtp(587, starttls_offered=False, greeting="220 ****************", capabilities=("XXXXXXXA",)),
            "middlebox-strips-starttls",
            id="masked-by-a-firewall",
        ),
        pytest.param(smtp(587, starttls_reply="454 4.7.0 not now"), "starttls-refused", id="refused"),
        pytest.param(smtp(587, early=b"250 injected\r\n"), "tampering", id="early-bytes"),
        pytest.param(smtp(587, refusal="421 4.3.2 Connection rate limit exceeded."), "rate-limited", id="421"),
        pytest.param(smtp(587, refusal="554 5.7.1 blocked using a list"), "ip-blocked", id="554"),
        pytest.param(smtp(587, refusal="554 no"), "greeting-refused", id="554-without-a-reason"),
        pytest.param(smtp(587, mechanisms=()), "no-login-method", id="no-login"),
        pytest.param(smtp(25, mechanisms=()), "no-auth-on-this-port", id="no-login-on-25"),
        pytest.param(imap(143, greeting="* PREAUTH hi"), "tampering", id="preauth"),
        pytest.param(imap(993, greeting="* PREAUTH hi"), "logged-in-already", id="preauth-inside-tls"),
        pytest.param(imap(143, refusal="* BYE [ALERT] Too many connections."), "too-many-connections", id="bye"),
        pytest.param(imap(143, greeting="HTTP/1.1 400 Bad Request"), "wrong-protocol-on-port", id="http"),
    ],
)
def test_each_way_of_a_dialogue_to_fail_has_its_name(server: Server, wanted: str) -> None:
    """
    What the server, or somebody between it and us, says.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(server)
    protocol = "imap" if server.port in (143, 993) else "smtp"

    assert codes(net, f"{protocol}://{MAIL}:{server.port}")[0] == wanted


def test_a_slow_greeting_is_worth_knowing() -> None:
    """
    It works, and a mail program with a short time-out will say that it does not.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(smtp(greeting_delay=6))

    assert codes(net, f"smtp://{MAIL}:465") == ["slow-greeting"]


def test_a_login_that_is_offered_before_tls_is_worth_knowing() -> None:
    """
    A program set to "STARTTLS if available" would send the password so; what is said before TLS is asked for by itself.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(smtp(587, clear_mechanisms=("PLAIN",)))

    diagnosis = diagnosed(net, f"smtp://{MAIL}:587")

    assert [item.code for item in diagnosis.findings] == ["password-in-clear"]
    assert diagnosis.in_clear[0].verified is False


def test_broken_ipv6_is_worth_knowing() -> None:
    """
    IPv4 works; each program loses time before it notices.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL, "11.0.0.9", "2a00::9").serve(imap())
    net.without_ipv6()

    assert codes(net, f"imap://{MAIL}:993") == ["ipv6-broken"]


def test_a_host_out_of_use_is_replaced() -> None:
    """
    The provider table knows what came after it.
    """
    old = next(host for row in table.all_providers() for host, _ in row.obsolete)

    found = diagnosed(FakeNetwork(rtt=0.05), f"imap://{old}:993").findings

    assert "host-obsolete" in [item.code for item in found]


def test_a_detection_says_why_a_direction_is_missing() -> None:
    """
    Incoming works, outgoing answers nowhere: the answer itself has the reason, and it survives JSON.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap()).drop(465, 587)

    detection = diagnosed(net, ADA).detection

    assert "port-blocked" in [item.code for item in detection.findings]
    assert from_json(detection.to_json()).findings == detection.findings


def test_a_whole_answer_has_no_findings() -> None:
    """
    Failures on the way to it are nobody's trouble.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(imap(), smtp())

    assert diagnosed(net, ADA).detection.findings == ()


def test_a_domain_without_mail_has_one_finding() -> None:
    """
    Null MX (RFC 7505).
    """
    net = FakeNetwork(rtt=0.05)
    net.records(D, MX="0 .")

    assert codes(net, ADA) == ["no-mail-service"]


def test_a_domain_that_does_not_exist_has_one_finding() -> None:
    """
    Gandi's page: "unable to locate the other domain": not one finding for each name that was guessed below it.
    """
    net = FakeNetwork(rtt=0.05)
    net.records("com", NS="a.gtld.example")

    assert codes(net, "ada@nobody.example") == ["domain-not-found"]


def test_a_slip_comes_before_the_domain_that_does_not_exist() -> None:
    """
    What to do about it is to look at the spelling.
    """
    net = FakeNetwork(rtt=0.05)
    net.records("com", NS="a.gtld.example")

    assert codes(net, "ada@gmial.com") == ["typo", "domain-not-found"]


def test_a_resolver_that_does_not_respond_is_not_the_server() -> None:
    """
    One name gets no answer: nobody knows whether there is a server.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(f"imap.{D}").drop()
    net.mute(MAIL)

    assert "dns-silent" in codes(net, f"imap://{MAIL}:993")


def test_a_provider_that_lets_no_program_in_is_said_at_once() -> None:
    """
    The table knows: no search of servers explains more.
    """
    row = next(row for row in table.all_providers() if row.provider.kind == "none" and row.domains)
    net = FakeNetwork(rtt=0.05)
    net.records(row.domains[0], MX="10 mx.example.net")

    assert set(codes(net, f"ada@{row.domains[0]}")) == {"no-standard-access"}


def test_what_our_rules_forbid_is_not_contacted() -> None:
    """
    An address that leads to this machine itself.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL, "127.0.0.1").serve(imap())

    found = diagnosed(net, f"imap://{MAIL}:993").findings

    assert [item.code for item in found] == ["not-contacted"]
    assert net.connections == ()


def test_a_domain_with_no_trace_of_a_server_is_told_so() -> None:
    """
    It exists, and nothing that is usual exists below it.
    """
    net = FakeNetwork(rtt=0.05)
    net.records(D, TXT="here")

    assert set(codes(net, ADA)) == {"no-settings"}


def test_a_port_whose_certificate_failed_is_not_tried_the_other_way() -> None:
    """
    It speaks TLS: to wait there for a plaintext greeting would take the eight seconds of a silent server.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL, certificate=Certificate((MAIL,), problem=FailureKind.CERTIFICATE_EXPIRED)).serve(imap())

    detection = diagnosed(net, f"imap://{MAIL}:993").detection

    assert detection.seconds < 1
    assert not [failure for failure in detection.failures if ":993 (starttls)" in failure.place]


def test_one_cause_in_both_directions_is_said_once() -> None:
    """
    One silent host for reading and sending is one finding, and port 25 no second one.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).drop()

    assert codes(net, ADA) == ["host-unreachable"]
