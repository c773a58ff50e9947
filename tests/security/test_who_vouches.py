"""Forged or mistaken statements about who has the mailboxes, through whole searches: what gets a password unasked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailsettings import Policy
from mailsettings.model import ConfirmReason, Security, Trust
from mailsettings.testing import FakeNetwork, imap, pop3, smtp
from tests.support.security.harness import AttackResult, Build, detect_in

DOCUMENT = """<clientConfig version="1.1"><emailProvider id="victim.example"><domain>victim.example</domain>
<incomingServer type="imap"><hostname>{host}</hostname><port>{imap}</port><socketType>{socket}</socketType>
<username>%EMAILADDRESS%</username></incomingServer>
<outgoingServer type="smtp"><hostname>{host}</hostname><port>{smtp}</port><socketType>{socket}</socketType>
<username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>"""
VICTIM = "victim.example"


def document(host: str, imap_port: int = 993, smtp_port: int = 465, socket: str = "SSL") -> str:
    return DOCUMENT.format(host=host, imap=imap_port, smtp=smtp_port, socket=socket)


def own_servers(net: FakeNetwork) -> None:
    """Serve imap. and smtp. of the domain, as an honest domain does."""
    net.records(VICTIM, MX=f"10 mail.{VICTIM}")
    net.host(f"imap.{VICTIM}").serve(imap())
    net.host(f"smtp.{VICTIM}").serve(smtp())


def search(build: Build, address: str = f"ada@{VICTIM}") -> AttackResult:
    return detect_in(build, policy=Policy(), address=address, rtt=0.02)


def unasked(result: AttackResult) -> set[str]:
    """Return the hosts among the best choices that may get the password without a question."""
    best = (*result.detection.incoming[:1], *result.detection.outgoing[:1])
    return {choice.endpoint.host for choice in best if choice.verified and choice.trust.allows_password}


def asked(result: AttackResult) -> dict[str, ConfirmReason | None]:
    """Return the hosts among the best choices that the user is asked about, with the reason."""
    best = (*result.detection.incoming[:1], *result.detection.outgoing[:1])
    return {choice.endpoint.host: choice.confirm_reason for choice in best if choice.trust is Trust.CONFIRM}


def name_in_srv(net: FakeNetwork, domain: str, host: str, imap_port: int = 993) -> None:
    """Forge unsigned SRV records that name *host*, and serve mail there with a certificate for it."""
    net.records(f"_imaps._tcp.{domain}", SRV=f"0 1 {imap_port} {host}")
    net.records(f"_submissions._tcp.{domain}", SRV=f"0 1 465 {host}")
    net.host(host).serve(imap(imap_port), smtp())


@pytest.mark.parametrize("domain", ["comcast.net", "free.fr", "t-online.de"])
@pytest.mark.parametrize("line", ["c-73-12-34-56.lines.{}", "imap.shop.{}", "imap2.{}"])
@pytest.mark.parametrize("cut_off", ["drop", "refuse"])
def test_a_customers_line_never_comes_before_the_providers_row(domain: str, line: str, cut_off: str) -> None:
    """
    The table's hosts are cut off, and forged records name a machine inside the provider's domain.
    """
    rows = {"comcast.net": "imap.comcast.net", "free.fr": "imap.free.fr", "t-online.de": "secureimap.t-online.de"}
    host = line.format(domain)

    def build(net: FakeNetwork) -> None:
        for own in (rows[domain], *(f"{label}.{domain}" for label in ("smtp", "mail", "securesmtp", "pop"))):
            getattr(net.host(own), cut_off)()
        name_in_srv(net, domain, host)

    result = search(build, f"ada@{domain}")

    assert host not in unasked(result)
    assert result.detection.incoming[0].endpoint.host == rows[domain]


def test_a_row_whose_host_is_gone_makes_way_for_a_question() -> None:
    """
    Some 8 % of the rows of any table are out of date.
    """
    result = search(lambda net: name_in_srv(net, "comcast.net", "new.comcast.net"), "ada@comcast.net")

    assert asked(result) == {"new.comcast.net": ConfirmReason.NOT_IN_ROW}


@pytest.mark.parametrize("host", [f"old-shop.{VICTIM}", f"imap.dept.{VICTIM}", f"mx.old.{VICTIM}", f"mx10.{VICTIM}"])
@pytest.mark.parametrize("way", ["srv", "http", "mx"])
def test_a_taken_over_name_inside_the_domain_is_asked_about(host: str, way: str) -> None:
    """
    Its new owner has a certificate for it, and forges what leads there; the real servers do not answer.
    """

    def build(net: FakeNetwork) -> None:
        if way == "srv":
            name_in_srv(net, VICTIM, host)
        elif way == "http":
            net.page(f"http://autoconfig.{VICTIM}/mail/config-v1.1.xml", document(host))
        else:
            net.records(VICTIM, MX=f"10 {host}")
        net.host(host).serve(imap(), smtp())

    assert asked(search(build)) == {host: ConfirmReason.UNUSUAL_NAME}


def test_a_certificate_for_the_domain_is_no_reason_to_ask() -> None:
    """
    The same world, but the server has a certificate that is also valid for a usual name: it is the domain's own.
    """

    def build(net: FakeNetwork) -> None:
        box = f"box.{VICTIM}"
        net.records(f"_imaps._tcp.{VICTIM}", SRV=f"0 1 993 {box}")
        net.records(f"_submissions._tcp.{VICTIM}", SRV=f"0 1 465 {box}")
        net.host(box).serve(imap(), smtp(), certificate=(box, f"*.{VICTIM}"))

    assert unasked(search(build)) == {f"box.{VICTIM}"}


def test_a_taken_over_autoconfig_name_cannot_name_itself() -> None:
    """
    Over https, with a certificate of its own: the document is from a fixed place, but from the named host itself.
    """
    host = f"autoconfig.{VICTIM}"

    def build(net: FakeNetwork) -> None:
        net.page(f"https://{host}/mail/config-v1.1.xml", document(host))
        net.host(host).serve(imap(), smtp())

    assert asked(search(build)) == {host: ConfirmReason.DOCUMENT_HOST}


@pytest.mark.parametrize("redirected", [False, True])
def test_two_taken_over_names_cannot_name_each_other(*, redirected: bool) -> None:
    """
    autoconfig. and autodiscover. often point at one machine, or one of them can lead to an upload.
    """
    host = f"autodiscover.{VICTIM}"
    fixed, upload = f"https://autoconfig.{VICTIM}/mail/config-v1.1.xml", f"https://files.{VICTIM}/c.xml"

    def build(net: FakeNetwork) -> None:
        net.page(upload if redirected else fixed, document(host))
        if redirected:
            net.redirect(fixed, upload)
        net.host(host).serve(imap(), smtp())

    assert asked(search(build)) == {host: ConfirmReason.DOCUMENT_HOST}


def test_the_domains_own_document_is_believed_about_other_names() -> None:
    """
    Control: the same document names another host of the domain.
    """

    def build(net: FakeNetwork) -> None:
        net.page(f"https://autoconfig.{VICTIM}/mail/config-v1.1.xml", document(f"box7.{VICTIM}"))
        net.host(f"box7.{VICTIM}").serve(imap(), smtp())

    result = search(build)

    assert unasked(result) == {f"box7.{VICTIM}"}
    assert result.detection.incoming[0].trust is Trust.DOMAIN


def _backup(net: FakeNetwork) -> None:
    net.records(VICTIM, MX=(f"10 mail.{VICTIM}", "50 spool.mail.gandi.net"))


def _equal(net: FakeNetwork) -> None:
    net.records(VICTIM, MX=(f"10 mail.{VICTIM}", "10 spool.mail.gandi.net"))


def _sender(net: FakeNetwork) -> None:
    net.records(VICTIM, MX="10 eu-smtp-inbound-1.mimecast.com", TXT="v=spf1 include:_spf.gpaas.net -all")


def _name_servers(net: FakeNetwork) -> None:
    net.records(VICTIM, MX="10 eu-smtp-inbound-1.mimecast.com", NS=("ns-1-a.gandi.net", "ns-2-b.gandi.net"))


@pytest.mark.parametrize("traces", [_backup, _equal, _sender, _name_servers])
@pytest.mark.parametrize("alive", [True, False], ids=["own servers", "no own servers"])
def test_a_provider_that_need_not_have_the_mailboxes_gets_no_password(
    traces: Callable[[FakeNetwork], None], *, alive: bool
) -> None:
    """
    The domain's own live servers are the answer; without any, the provider is asked about.
    """

    def build(net: FakeNetwork) -> None:
        net.host("mail.gandi.net").serve(imap(), smtp())
        if alive:
            own_servers(net)
        traces(net)

    result = search(build)

    assert unasked(result) == ({f"imap.{VICTIM}", f"smtp.{VICTIM}"} if alive else set())


def test_where_all_runs_on_the_providers_exchanger_imap_is_chosen_unasked() -> None:
    """
    Each customer of All-Inkl has a server name of its own, which is also its exchanger's.
    """
    host = "w0123456.kasserver.com"

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX=f"10 {host}")
        net.host(host).serve(imap(), pop3(), smtp())

    result = search(build)

    assert [str(choice.endpoint) for choice in result.detection.incoming[:1]] == [f"imap://{host}:993 (tls)"]
    assert unasked(result) == {host}


def test_customers_of_a_provider_by_their_best_exchanger_are_not_asked() -> None:
    """
    Control: all exchangers of the lowest preference are the provider's, whatever comes behind them.
    """

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX=("10 spool.mail.gandi.net", "10 fb.mail.gandi.net", f"20 mail.{VICTIM}"))
        net.host("mail.gandi.net").serve(imap(), smtp())
        net.host(f"mail.{VICTIM}").serve(imap(), smtp())

    assert unasked(search(build)) == {"mail.gandi.net"}


def test_two_providers_for_one_domain_are_asked_about() -> None:
    """
    Exchangers of one preference that belong to two rows: neither is certain.
    """

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX=("10 spool.mail.gandi.net", "10 in1-smtp.messagingengine.com"))
        for host in ("mail.gandi.net", "imap.fastmail.com", "smtp.fastmail.com"):
            net.host(host).serve(imap(), smtp())

    result = search(build)

    assert unasked(result) == set()
    assert set(asked(result).values()) == {ConfirmReason.BACKUP_EXCHANGER}


@pytest.mark.parametrize("ports", [(8143, 8587), (10143, 587)])
def test_a_port_that_any_user_of_the_machine_may_open_is_asked_about(ports: tuple[int, int]) -> None:
    """
    Even where the domain's own document over https names it, which a customer of the web host may have written.
    """
    imap_port, smtp_port = ports

    def build(net: FakeNetwork) -> None:
        net.page(f"https://{VICTIM}/.well-known/autoconfig/mail/config-v1.1.xml", document(VICTIM, *ports, "STARTTLS"))
        net.host(VICTIM).serve(imap(imap_port), smtp(smtp_port))

    result = detect_in(build, rtt=0.02)

    assert result.detection.incoming[0].confirm_reason is ConfirmReason.UNUSUAL_PORT


@pytest.mark.parametrize(
    ("policy", "address", "port", "verified"),
    [
        pytest.param(Policy.personal(), "11.0.0.1", 10993, True, id="personal"),
        pytest.param(Policy.personal(), "11.0.0.1", 6667, False, id="another-service"),
        pytest.param(Policy.personal(), "192.168.1.1", 10993, False, id="private-network"),
        pytest.param(Policy.service(), "11.0.0.1", 10993, False, id="service"),
    ],
)
def test_a_server_at_a_port_that_the_domain_names_is_contacted(
    policy: Policy, address: str, port: int, verified: bool
) -> None:
    """
    For a person, who is asked about it; not where another service may listen or in the user's own network.
    """

    def build(net: FakeNetwork) -> None:
        net.records(f"_imap._tcp.{VICTIM}", SRV=f"0 1 {port} box.{VICTIM}")
        net.host(f"box.{VICTIM}", address).serve(imap(port, security=Security.STARTTLS))

    result = detect_in(build, policy=policy, rtt=0.02)
    found = [choice for choice in result.detection.incoming if choice.verified]

    assert [(choice.endpoint.port, choice.trust) for choice in found] == ([(port, Trust.CONFIRM)] if verified else [])
    assert verified or not [each for each in result.net.connections if each.endswith(f":{port}")]


@pytest.mark.parametrize("suffix", ["com.br", "github.io"])
def test_at_a_public_suffix_everything_is_asked_about(suffix: str) -> None:
    """
    The names below it are other people's.
    """

    def build(net: FakeNetwork) -> None:
        net.records(suffix, MX=f"10 mx.{suffix}")
        net.host(f"mx.{suffix}").serve(imap(), smtp())
        net.host(f"imap.{suffix}").serve(imap(), smtp())

    assert unasked(search(build, f"ada@{suffix}")) == set()


def test_a_row_that_the_exchangers_contradict_is_asked_about_and_comes_second() -> None:
    """
    The table has the domain in one company's row, and its mail goes to another's.
    """

    def build(net: FakeNetwork) -> None:
        net.records("ziggo.nl", MX="10 spool.mail.gandi.net")
        for host in ("imap.ziggo.nl", "smtp.ziggo.nl", "mail.gandi.net"):
            net.host(host).serve(imap(), smtp(), smtp(587))

    result = search(build, "ada@ziggo.nl")
    row = next(c for c in result.detection.incoming if c.endpoint.host == "imap.ziggo.nl")

    assert unasked(result) == {"mail.gandi.net"}
    assert (row.trust, row.confirm_reason) == (Trust.CONFIRM, ConfirmReason.DISPUTED)


@pytest.mark.parametrize("delay", [0.0, 0.3])
@pytest.mark.parametrize("named_by", ["records", "collection"])
def test_exchangers_that_answer_late_vouch_as_well(named_by: str, delay: float) -> None:
    """
    Records or the public collection name servers of the provider that receives the mail: no question, whoever is first.
    """

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX="10 spool.mail.gandi.net")
        net.slow(delay, VICTIM, "MX")
        if named_by == "records":
            name_in_srv(net, VICTIM, "mail.gandi.net")
        else:
            net.page(f"https://live.thunderbird.net/autoconfig/v1.1/{VICTIM}", document("mail.gandi.net"))
            net.host("mail.gandi.net").serve(imap(), smtp())

    assert unasked(search(build)) == {"mail.gandi.net"}


@pytest.mark.parametrize("alive", [False, True])
def test_behind_a_filter_a_providers_backup_exchanger_is_asked_about(*, alive: bool) -> None:
    """
    It is a trace: behind the domain's own servers, and found where there are none.
    """

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX=["10 mx1.hc123-4.iphmx.com", "20 spool.mail.gandi.net"])
        net.host("mail.gandi.net").serve(imap(), smtp())
        if alive:
            net.host(f"imap.{VICTIM}").serve(imap())
            net.host(f"smtp.{VICTIM}").serve(smtp())

    result = search(build)

    assert asked(result) == ({} if alive else {"mail.gandi.net": ConfirmReason.BACKUP_EXCHANGER})
    assert unasked(result) == ({f"imap.{VICTIM}", f"smtp.{VICTIM}"} if alive else set())


def test_exchangers_that_seem_to_be_anothers_come_before_the_row_as_well() -> None:
    """
    No list has the names of KPN's exchangers, so that a customer may have one: both companies' servers are asked about.
    """

    def build(net: FakeNetwork) -> None:
        net.records("ziggo.nl", MX="10 mx.kpnmail.nl")
        for host in ("imap.gmx.net", "mail.gmx.net", "imap.kpnmail.nl", "smtp.kpnmail.nl"):
            net.host(host).serve(imap(), smtp(), smtp(587))

    result = search(build, "ada@ziggo.nl")
    verified = [choice.endpoint.host for choice in result.detection.incoming if choice.verified]

    assert (verified[0], unasked(result)) == ("imap.kpnmail.nl", set())
    assert set(asked(result)) == {"imap.kpnmail.nl", "smtp.kpnmail.nl"}


@pytest.mark.parametrize("label", ["autodiscover", "autoconfig"])
def test_behind_a_filter_a_pointer_leads_and_the_domains_own_server_is_shown(label: str) -> None:
    """
    A web panel's mail.D is alive as well; the user is asked about the provider, and sees both.
    """

    def build(net: FakeNetwork) -> None:
        net.records(VICTIM, MX="10 eu-smtp-inbound-1.mimecast.com")
        net.records(f"{label}.{VICTIM}", CNAME="autodiscover.outlook.com")
        for host in ("outlook.office365.com", "smtp.office365.com"):
            net.host(host).serve(imap(), smtp(587))
        net.host(f"mail.{VICTIM}").serve(imap(), smtp())

    result = search(build)
    shown = {choice.endpoint.host for choice in result.detection.incoming if choice.verified}

    assert asked(result) == {
        "outlook.office365.com": ConfirmReason.TRACES,
        "smtp.office365.com": ConfirmReason.TRACES,
    }
    assert shown == {"outlook.office365.com", f"mail.{VICTIM}"}
