"""What the provider table knows of logins, row by row: who wants an introduction, who has two forms of the name."""

import pytest

from mailsettings.login.credentials import Credentials
from mailsettings.testing import Account, FakeNetwork, imap, smtp
from tests.support.login_worlds import logins, verified

UNSAFE = "NO SELECT Unsafe Login. Please contact kefu@188.com for help"


def netease(domain: str, *, wants_id: bool = True) -> FakeNetwork:
    """Return NetEase as it is: the login is accepted, the inbox stays shut until an ID has come."""
    net = FakeNetwork(rtt=0.05)
    account = {f"ada@{domain}": Account("secret", mailbox_refusal=UNSAFE if wants_id else "", wants_id=wants_id)}
    net.host(f"imap.{domain}").serve(imap(capabilities=("IMAP4rev1", "ID"), accounts=account))
    net.host(f"smtp.{domain}").serve(smtp(accounts={f"ada@{domain}": Account("secret")}))
    return net


@pytest.mark.parametrize("domain", ["163.com", "126.com", "yeah.net"])
def test_netease_gets_an_id_before_its_inbox_is_opened(domain: str) -> None:
    """
    The row says so: ID behind the login, then EXAMINE, once each; nothing is refused, so nothing is found.
    """
    net = netease(domain)

    result = verified(net, f"ada@{domain}")

    said = [word for line in net.lines for word in line.split()[3:4]]
    behind = [word for word in said if word in ("AUTHENTICATE", "LOGIN", "ID", "EXAMINE")]
    assert behind == ["AUTHENTICATE", "ID", "EXAMINE"]
    assert (result.verified, result.findings, len(logins(net))) == (True, (), 2)


def test_nobody_else_is_introduced_to() -> None:
    """
    Without a row that wants it, and without a refusal, no ID is sent.
    """
    net = FakeNetwork(rtt=0.05)
    account = {"ada@gmx.de": Account("secret")}
    net.host("imap.gmx.net").serve(imap(capabilities=("IMAP4rev1", "ID"), accounts=account))
    net.host("mail.gmx.net").serve(smtp(accounts=account))

    verified(net, "ada@gmx.de")

    assert [line for line in net.lines if " ID " in line] == []


def test_the_second_form_is_tried_where_an_app_password_may_be_missing_too() -> None:
    """
    iCloud's row has local part and whole address, and its refusal leaves open which of three things is wrong.
    """
    net = FakeNetwork(rtt=0.05)
    net.host("imap.mail.me.com").serve(imap(accounts={"ada@icloud.com": Account("secret")}))
    net.host("smtp.mail.me.com").serve(smtp(587, accounts={"ada@icloud.com": Account("secret")}))

    result = verified(net, "ada@icloud.com")

    assert result.verified
    assert [item.code for item in result.findings] == ["username-other-form"]
    assert len(logins(net)) == 3


@pytest.mark.parametrize("own", [True, False], ids=["named by the user", "not named"])
def test_a_user_name_that_the_address_does_not_tell_is_asked_for(*, own: bool) -> None:
    """
    A custom domain at iCloud: the login is the Apple account's own address, and nothing is sent without it.
    """
    net = FakeNetwork()
    net.records("custom.example", MX="10 mx01.mail.icloud.com")
    accounts = {"ada.apple@icloud.com": Account("secret")}
    net.host("imap.mail.me.com").serve(imap(accounts=accounts))
    net.host("smtp.mail.me.com").serve(smtp(587, accounts=accounts))
    name = "ada.apple@icloud.com" if own else ""

    result = verified(net, "ada@custom.example", credentials=Credentials.password("secret", username=name))

    assert result.verified is own
    assert [item.code for item in result.findings] == ([] if own else ["username-needed", "username-needed"])
    assert any("secret" in line or "AUTH" in line for line in net.lines) is own
