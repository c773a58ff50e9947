"""Logging in: where a password may go, how often, and what comes of it."""

import pytest

from mailsettings import parse_address
from mailsettings.errors import ConfirmationRequired, FailureKind
from mailsettings.login.credentials import Credentials
from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from mailsettings.testing import (
    HEAR,
    TLS,
    Account,
    Certificate,
    FakeNetwork,
    Say,
    Script,
    Sleep,
    imap,
    pop3,
    scripted,
    smtp,
)
from tests.support.login_worlds import ADA, GOOD, SECRET, TYPED, D, logged_in, logins, usual, verified, world

TOKEN = Credentials.token("secret", issuer=f"login.{D}")


def test_right_credentials_verify_both_directions() -> None:
    """
    The inbox is opened, a sender is named; nothing is left to find.
    """
    result = verified(usual())

    assert (result.verified, result.findings) == (True, ())
    assert result.incoming is not None
    assert (result.incoming.mechanism, result.incoming.username, result.incoming.messages) == ("PLAIN", ADA, 2)


@pytest.mark.anyio
async def test_both_event_loops_log_in() -> None:
    """
    asyncio and trio.
    """
    assert (await logged_in(usual(), TYPED)).verified


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize(
    ("build", "port", "protocol"), [(imap, 993, Protocol.IMAP), (pop3, 995, Protocol.POP3)], ids=["imap", "pop3"]
)
def test_every_mechanism_works_against_a_server(build: object, port: int, protocol: Protocol, mechanism: str) -> None:
    """
    Challenge and response, with a server that knows the account.
    """
    net = world(build(mechanisms=(mechanism,), accounts=GOOD))  # type: ignore[operator]  # imap or pop3
    what = ServerSettings(parse_address(ADA), Endpoint(protocol, f"mail.{D}", port, Security.TLS))

    result = verified(net, what).incoming

    assert result is not None
    assert (result.mechanism, result.verified) == (mechanism, True)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_logs_in(mechanism: str) -> None:
    """
    A token, IMAP and SMTP.
    """
    assert verified(
        usual(mechanisms=(mechanism,)), credentials=Credentials.token("secret", issuer=f"login.{D}")
    ).verified


def test_a_mailbox_fetched_with_pop3_is_looked_through() -> None:
    """
    STAT, UIDL, LIST and TOP fit together: nothing hinders a service that polls.
    """
    what = ServerSettings(parse_address(ADA), Endpoint(Protocol.POP3, f"mail.{D}", 995, Security.TLS))

    result = verified(world(pop3(accounts=GOOD)), what, confirmed=(), thorough=True)

    assert (result.findings, result.incoming and result.incoming.verified) == ((), True)


def test_a_wrong_password_is_tried_once() -> None:
    """
    A clear refusal ends it: no second try, and the other server is not asked with the same password.
    """
    net = usual()

    result = verified(net, credentials=Credentials.password("wrong"))

    assert len(logins(net)) == 1
    assert result.incoming is not None
    assert result.outgoing is not None
    assert (result.incoming.findings[0].code, result.outgoing.findings[0].code) == ("bad-credentials", "not-tried")


def test_switched_off_imap_does_not_keep_us_from_sending() -> None:
    """
    The refusal is about IMAP, not about the password: incoming and outgoing are separate results.
    """
    refusal = "NO [ALERT] Your account is not enabled for IMAP use."
    net = world(imap(accounts={ADA: Account("secret", refusal=refusal)}), smtp(accounts=GOOD))

    result = verified(net)

    assert result.incoming is not None
    assert result.outgoing is not None
    assert (result.incoming.findings[0].code, result.outgoing.verified) == ("imap-disabled", True)


def test_the_whole_address_is_tried_when_the_server_asks_for_it() -> None:
    """
    The first refusal names its cause: one more attempt, with the name that is wanted; the other server gets it at once.
    """
    accounts = {
        "ada": Account("x", refusal="NO Please use full email address as user name."),
        ADA: Account("secret"),
    }
    net = usual(accounts=accounts)
    what = ServerSettings(TYPED.address, TYPED.incoming, TYPED.outgoing, username="ada")

    result = verified(net, what)

    assert result.verified
    assert [finding.code for finding in result.findings] == ["username-other-form"]
    assert len(logins(net)) == 3


def test_a_second_form_from_the_table_is_the_last_attempt() -> None:
    """
    web.de's row names two forms of the user name: both are tried, then never again.
    """
    net = FakeNetwork(rtt=0.05)
    for host, server in (("imap.web.de", imap), ("smtp.web.de", smtp)):
        net.host(host).serve(server(accounts=GOOD))

    result = verified(net, "ada@web.de")

    assert len(logins(net)) == 2
    assert not result.verified


@pytest.mark.parametrize("stored", ["ada@xn--bcher-kva.example", "ada@bücher.example"])
@pytest.mark.parametrize("typed", [False, True], ids=["found", "typed"])
def test_both_spellings_of_an_international_domain_log_in(stored: str, typed: bool) -> None:
    """
    Mailu stores the one that the administrator has typed, mailcow A-labels: one refusal says nothing of the other.
    """
    address, accounts = parse_address("ada@bücher.example"), {stored: Account("secret")}
    host = f"mail.{address.domain}"
    net = FakeNetwork(rtt=0.05)
    net.host(host).serve(imap(accounts=accounts), smtp(accounts=accounts))
    servers = ServerSettings(
        address,
        Endpoint(Protocol.IMAP, host, 993, Security.TLS),
        Endpoint(Protocol.SMTP, host, 465, Security.TLS),
    )

    result = verified(net, servers if typed else str(address))

    assert [each.username for each in (result.incoming, result.outgoing) if each] == [stored, stored]
    assert result.verified


def test_two_refused_logins_are_all_there_are() -> None:
    """
    The second one, with the name that was asked for, is refused for another reason: the third would be at the outgoing
    server, and is not made, though nothing was said against the password.
    """
    accounts = {
        "ada": Account("x", refusal="NO Please use full email address as user name."),
        ADA: Account("secret", refusal="NO [ALERT] Your account is not enabled for IMAP use."),
    }
    net = world(imap(accounts=accounts), smtp(accounts=GOOD))

    result = verified(net, ServerSettings(TYPED.address, TYPED.incoming, TYPED.outgoing, username="ada"))

    assert len(logins(net)) == 2
    assert [item.code for item in result.findings] == ["imap-disabled", "not-tried"]


def test_a_server_that_was_sent_nothing_says_nothing_of_the_other() -> None:
    """
    IMAP takes only tokens, so it gets no password; the outgoing server takes passwords, and gets it.
    """
    tokens = imap(capabilities=("IMAP4rev1", "LOGINDISABLED"), mechanisms=("XOAUTH2",), accounts=GOOD)
    net = world(tokens, smtp(accounts=GOOD))

    result = verified(net)

    assert result.outgoing is not None
    assert ([item.code for item in result.findings], result.outgoing.verified) == (["basic-auth-disabled"], True)


def test_a_possible_cause_brings_no_second_attempt() -> None:
    """
    A local part was typed and refused without a reason: that the whole address is wanted is our guess, not a word of
    the server, so it is said and not tried.
    """
    net = usual()

    result = verified(net, ServerSettings(TYPED.address, TYPED.incoming, username="ada"))

    assert len(logins(net)) == 1
    assert [item.code for item in result.findings] == ["bad-credentials", "username-must-be-full-address"]


def _foreign() -> FakeNetwork:
    """SRV records that could be forged lead to another company."""
    net = FakeNetwork(rtt=0.05)
    for label, port in (("_imaps", 993), ("_submissions", 465)):
        net.records(f"{label}._tcp.{D}", SRV=f"0 1 {port} mail.hoster.example")
    net.host("mail.hoster.example").serve(imap(accounts=GOOD), smtp(accounts=GOOD))
    return net


@pytest.mark.anyio
async def test_foreign_servers_get_no_password_unless_they_were_agreed_to() -> None:
    """
    Not one byte of it: the question comes before the connection.
    """
    net = _foreign()

    with pytest.raises(ConfirmationRequired) as caught:
        await logged_in(net, ADA)

    assert caught.value.hosts == ("mail.hoster.example",)
    assert logins(net) == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "named",
    [
        (),
        ("hoster.example",),
        ("imap.hoster.example",),
        ("x.mail.hoster.example",),
        ("example",),
        ("*.hoster.example",),
    ],
)
async def test_agreeing_takes_the_host_itself(named: tuple[str, ...]) -> None:
    """
    Neither the domain above it nor another host there covers it; nothing is contacted for the login.
    """
    net = _foreign()

    with pytest.raises(ConfirmationRequired) as caught:
        await logged_in(net, ADA, confirmed=named)

    assert (caught.value.hosts, logins(net)) == (("mail.hoster.example",), [])


@pytest.mark.parametrize(
    "spelled", ["mail.hoster.example", "MAIL.Hoster.Example", "mail.hoster.example.", " mail.hoster.example\n"]
)
def test_a_foreign_server_that_was_agreed_to_gets_it(spelled: str) -> None:
    """
    However the user has spelled its name.
    """
    assert verified(_foreign(), ADA, confirmed=(spelled,)).verified


@pytest.mark.parametrize(
    "problem",
    [FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_SELF_SIGNED, FailureKind.CERTIFICATE_UNKNOWN_CA],
)
def test_a_bad_certificate_gets_no_password(problem: FailureKind) -> None:
    """
    Also where the user has typed the server: TLS is checked on the very connection of the login.
    """
    net = FakeNetwork(rtt=0.05)
    certificate = Certificate((f"mail.{D}",), problem=problem)
    net.host(f"mail.{D}", certificate=certificate).serve(imap(accounts=GOOD), smtp(accounts=GOOD))

    result = verified(net)

    assert logins(net) == []
    assert {finding.code for finding in result.findings} == {problem.value}


def test_a_certificate_for_another_name_gets_no_password() -> None:
    """
    Chain and dates are fine, the name is not.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(f"mail.{D}", certificate=("mail.other.example",)).serve(imap(accounts=GOOD), smtp(accounts=GOOD))

    assert not verified(net).verified
    assert logins(net) == []


def test_stripped_starttls_gets_no_password() -> None:
    """
    Without TLS there is no login, whatever is offered in clear.
    """
    net = world(imap(143, starttls_offered=False, clear_mechanisms=("PLAIN",), accounts=GOOD))
    what = ServerSettings(TYPED.address, Endpoint(Protocol.IMAP, f"mail.{D}", 143, Security.STARTTLS))

    result = verified(net, what)

    assert logins(net) == []
    assert [finding.code for finding in result.findings] == ["starttls-not-offered"]


def test_a_server_typed_without_tls_is_not_contacted() -> None:
    """
    plain is never logged in to.
    """
    net = world(imap(143, security=Security.PLAIN, accounts=GOOD))
    what = ServerSettings(TYPED.address, Endpoint(Protocol.IMAP, f"mail.{D}", 143, Security.PLAIN))

    result = verified(net, what)

    assert net.connections == ()
    assert [finding.code for finding in result.findings] == ["not-tried"]


def test_a_login_that_works_and_a_mailbox_that_does_not() -> None:
    """
    Microsoft accepts the login and answers the first command with BAD: accepted, not verified.
    """
    account = Account("secret", mailbox_refusal="BAD User is authenticated but not connected.")
    result = verified(world(imap(accounts={ADA: account}), smtp(accounts=GOOD)))

    assert result.incoming is not None
    assert (result.incoming.accepted, result.incoming.verified) == (True, False)
    assert [item.code for item in result.incoming.findings] == ["imap-disabled", "too-many-connections"]


def test_the_provider_s_page_stands_beside_its_finding() -> None:
    """
    Gmail refuses the account's password: the finding has the table's link about app passwords.
    """
    net = FakeNetwork(rtt=0.05)
    for host, server in (("imap.gmail.com", imap), ("smtp.gmail.com", smtp)):
        net.host(host).serve(server(accounts=GOOD))

    found = verified(net, "ada@gmail.com").findings

    assert found[0].code == "app-password-required"
    assert found[0].link.startswith("https://")


def test_silence_behind_the_password_is_no_verdict() -> None:
    """
    The server stops answering: that is said, and nothing about the password.
    """

    def mute() -> Script:
        yield TLS()
        yield Say(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n")
        tag = (yield HEAR).split()[0]
        yield Say(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n" + tag + b" OK\r\n")
        yield HEAR
        yield Say(b"you said secret")
        yield Sleep(60)

    what = ServerSettings(TYPED.address, TYPED.incoming)

    found = verified(world(scripted(993, mute)), what, SECRET).findings

    assert [item.code for item in found] == ["slow-server"]
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("silent_at", "accepted", "opened", "wanted"),
    [
        (b"AUTHENTICATE", False, False, "slow-server"),
        (b"EXAMINE", True, False, "mailbox-not-opened"),
        (b"GETQUOTAROOT", True, True, "slow-server"),
    ],
    ids=["login", "inbox", "quota"],
)
def test_silence_takes_nothing_back(silent_at: bytes, accepted: bool, opened: bool, wanted: str) -> None:
    """
    What was granted before the server fell silent stands. Behind an accepted login, a mailbox that does not open is no
    slow server.
    """
    capabilities = b"IMAP4rev1 SASL-IR AUTH=PLAIN QUOTA"

    def mute() -> Script:
        yield TLS()
        yield Say(b"* OK hi\r\n")
        while True:
            tag, word, *_ = (yield HEAR).split()
            if word == silent_at:
                yield Sleep(600)
            yield Say(b"* CAPABILITY %b\r\n%b OK done\r\n" % (capabilities, tag))

    result = verified(world(scripted(993, mute)), ServerSettings(TYPED.address, TYPED.incoming)).incoming

    assert result is not None
    assert (result.accepted, result.verified) == (accepted, opened)
    assert [item.code for item in result.findings] == [wanted]
