"""What gets the password is what the user was asked about: forged records that lead to a machine under a good name."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from mailsettings import Detection, Policy, detect
from mailsettings.cli.card import card
from mailsettings.cli.terminal import pen
from mailsettings.errors import ConfirmationRequired
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify
from mailsettings.net.network import open_network
from mailsettings.schema import from_json, to_dict
from mailsettings.testing import Account, FakeNetwork, imap, run_virtual, smtp
from tests.support.login_worlds import logins
from tests.support.security.harness import ADA, DOMAIN
from tests.support.web_service import Visitor, service

SECRET = "correct horse"
ACCOUNTS = {ADA: Account(SECRET)}
# A machine that anyone can rent, with its certificate, and the hoster's own mail servers beside it.
MACHINE = "vm-4-3-2-1.clients.hoster.example"
NEIGHBOUR = "vm-9-9-9-9.clients.hoster.example"
GMAIL_ALIKE = "xn--gmal-nza.com"  # gmaıl.com, with a dotless i


def forged(incoming: str, outgoing: str = "") -> FakeNetwork:
    """Return a world in which unsigned SRV records of the victim's domain lead to an attacker's machine."""
    net = FakeNetwork()
    for host in (incoming, outgoing or incoming, "mail.hoster.example", NEIGHBOUR):
        net.host(host).serve(imap(accounts=ACCOUNTS), smtp(accounts=ACCOUNTS))
    net.records(DOMAIN, MX="10 mail.hoster.example")
    net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 {incoming}")
    net.records(f"_submissions._tcp.{DOMAIN}", SRV=f"0 1 465 {outgoing or incoming}")
    return net


# The answer, the login, and the hosts that were not agreed to.
Attempt = tuple[Detection, Verification | None, tuple[str, ...]]


async def _log_in(net: FakeNetwork, confirmed: tuple[str, ...]) -> Attempt:
    policy = Policy()
    async with open_network(policy, net.transport(policy)) as network:
        found = await detect(ADA, policy=policy, net=network)
        try:
            secret = Credentials.password(SECRET)
            return found, await verify(found, secret, policy=policy, net=network, confirmed=confirmed), ()
        except ConfirmationRequired as error:
            return found, None, error.hosts


def attempt(net: FakeNetwork, *confirmed: str) -> Attempt:
    """Detect and log in as a user who has agreed to *confirmed*."""
    result, _ = run_virtual(partial(_log_in, net, confirmed))
    return result


def test_the_question_names_the_machine() -> None:
    """Not the domain of the hoster, to which the victim would rightly say yes."""
    found, verification, missing = attempt(forged(MACHINE))

    assert (found.confirm, missing, verification) == ((MACHINE,), (MACHINE,), None)
    assert [(each.host, each.port) for each in found.confirmations] == [(MACHINE, 993)]


@pytest.mark.parametrize(
    "agreed",
    [
        pytest.param((), id="nothing"),
        pytest.param(("hoster.example",), id="domain-of-the-hoster"),
        pytest.param(("clients.hoster.example",), id="zone-of-the-machines"),
        pytest.param(("mail.hoster.example",), id="server-of-the-hoster"),
        pytest.param((NEIGHBOUR,), id="another-machine"),
        pytest.param((f"x.{MACHINE}",), id="name-below"),
        pytest.param(("*.clients.hoster.example", ".hoster.example", "example"), id="patterns"),
        pytest.param((DOMAIN,), id="own-domain"),
        pytest.param((f"{MACHINE}:993", f"imap://{MACHINE}"), id="no-host-names"),
    ],
)
def test_agreeing_to_anything_else_is_not_enough(agreed: tuple[str, ...]) -> None:
    """No other name covers the machine: the same question comes again, and no login is tried anywhere."""
    net = forged(MACHINE)

    assert (attempt(net, *agreed)[1:], logins(net)) == ((None, (MACHINE,)), [])


def test_agreeing_to_one_of_two_hosts_is_not_enough() -> None:
    """The password goes to both or to neither."""
    net = forged("imap.hoster.example", MACHINE)

    assert (attempt(net, "imap.hoster.example")[1:], logins(net)) == ((None, (MACHINE,)), [])


@pytest.mark.parametrize("spelled", [MACHINE, MACHINE.upper(), f"{MACHINE}.", MACHINE.title()])
def test_the_host_is_enough_however_it_is_spelled(spelled: str) -> None:
    """Control: what the user has read and agreed to gets the password."""
    verification = attempt(forged(MACHINE), spelled)[1]

    assert verification is not None
    assert verification.verified


@pytest.mark.parametrize("spelled", ["imap.bücher.example", "IMAP.BÜCHER.EXAMPLE.", "imap.xn--bcher-kva.example"])
def test_both_spellings_of_an_international_name_agree(spelled: str) -> None:
    """People type what they read, programs what they were given."""
    verification = attempt(forged("imap.xn--bcher-kva.example"), spelled)[1]

    assert verification is not None
    assert verification.verified


@pytest.mark.parametrize(
    ("exchanger", "machine", "hoster"),
    [
        ("www77.your-server.de", "static.4.3.2.1.clients.your-server.de", "your-server.de"),
        ("smtp.secureserver.net", "ip-1-2-3-4.ip.secureserver.net", "secureserver.net"),
    ],
)
def test_a_machine_rented_at_a_well_known_hoster_is_asked_about_by_name(
    exchanger: str, machine: str, hoster: str
) -> None:
    """The hoster is in the table and really has the victim's mail; its customers' machines do not."""
    net = FakeNetwork()
    net.host(machine, "11.1.1.1").serve(imap(accounts=ACCOUNTS), smtp(accounts=ACCOUNTS))
    net.host(exchanger).serve(imap(), smtp())
    net.records(DOMAIN, MX=f"10 {exchanger}")
    net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 {machine}")
    net.records(f"_submissions._tcp.{DOMAIN}", SRV=f"0 1 465 {machine}")

    found = attempt(net, hoster, exchanger)[0]

    assert [login for login in logins(net) if login.startswith("11.1.1.1:")] == []
    for each in found.confirmations:
        assert (each.host, each.group) == (machine, machine)
        assert f"{machine} is a machine that a customer" in " ".join(card(to_dict(found), pen(colours=False)).split())


@pytest.mark.anyio
async def test_a_rented_machine_is_flagged_on_the_page() -> None:
    """The hoster's good name is at the end of it; the control has that name, too, and is the hoster's own server."""
    machine = "static.4.3.2.1.clients.your-server.de"
    (asked,) = await answered(forged(machine), {"address": ADA})
    (control,) = await answered(forged("www77.your-server.de"), {"address": ADA})

    assert "anyone can rent one" in box(asked)
    assert "anyone can rent one" not in control


def test_own_servers_are_no_question() -> None:
    """Control: without the forged records the same domain is not asked about."""
    net = FakeNetwork()
    net.host(f"imap.{DOMAIN}").serve(imap(accounts=ACCOUNTS))
    net.host(f"smtp.{DOMAIN}").serve(smtp(accounts=ACCOUNTS))
    found, verification, _ = attempt(net)

    assert (found.confirm, found.confirmations) == ((), ())
    assert verification is not None
    assert verification.verified


def box(page: str) -> str:
    """Return the part of the page that asks."""
    return page.partition('class="box confirm"')[2].partition("</section>")[0]


async def answered(net: FakeNetwork, *forms: dict[str, Any]) -> list[str]:
    """Return the pages that come back for *forms*: an address alone is a search, one with a password a login."""
    async with service(net) as app:
        ada = Visitor(app)
        return [(await ada.post("/check" if "password" in form else "/", data=form)).text for form in forms]


@pytest.mark.anyio
async def test_the_page_names_the_machine_and_takes_nothing_less() -> None:
    """The checkbox has the host; a form without it, or with the hoster's domain, is not logged in."""
    net = forged(MACHINE)
    login = {"address": ADA, "password": SECRET}
    page, *tried = await answered(
        net, {"address": ADA}, login, {**login, "confirmed": "hoster.example"}, {**login, "confirmed": MACHINE}
    )

    assert f"<strong>{MACHINE}</strong>, port 993 for incoming mail and port 465 for outgoing mail" in box(page)
    assert f'name="confirmed" value="{MACHINE}"' in box(page)
    assert ["It works" in text for text in tried] == [False, False, True]


@pytest.mark.anyio
async def test_one_group_is_one_question() -> None:
    """One checkbox has both hosts of one operator, and the form posts both."""
    net = forged("imap.hoster.example", "smtp.hoster.example")
    hosts = "imap.hoster.example smtp.hoster.example"
    page, done = await answered(net, {"address": ADA}, {"address": ADA, "password": SECRET, "confirmed": hosts})

    assert page.count('name="confirmed"') == 1
    assert f'value="{hosts}"' in box(page)
    assert "It works" in done


@pytest.mark.anyio
async def test_two_groups_are_two_questions() -> None:
    """A host of another operator is agreed to by itself."""
    page, done = await answered(
        forged("imap.hoster.example", "smtp.relay.example"),
        {"address": ADA},
        {"address": ADA, "password": SECRET, "confirmed": ["imap.hoster.example", "smtp.relay.example"]},
    )

    assert page.count('name="confirmed"') == 2
    assert "It works" in done


LOOK_ALIKES = {
    f"imap.{GMAIL_ALIKE}": "gmail.com",
    "imap.grnail.com": "gmail.com",
    "imap.0utlook.com": "outlook.com",
    "imap.vlctim.example": DOMAIN,
    "imap.victirn.example": DOMAIN,
    "imap.outlook.com.login.example": "outlook.com",
}


@pytest.mark.parametrize(("host", "other"), LOOK_ALIKES.items(), ids=LOOK_ALIKES)
def test_a_look_alike_is_flagged_in_json_and_on_the_card(host: str, other: str) -> None:
    """Where a program or a person reads what to agree to, the warning stands beside it."""
    found = attempt(forged(host))[0]

    assert [each.look_alike_of for each in found.confirmations] == [other]
    assert from_json(found.to_json()) == found
    text = " ".join(card(to_dict(found), pen(colours=False)).split())
    assert (f"looks like {other}, but is not {other}." in text) is bool(other)


@pytest.mark.anyio
@pytest.mark.parametrize(("host", "other"), LOOK_ALIKES.items(), ids=LOOK_ALIKES)
async def test_a_look_alike_is_flagged_on_the_page(host: str, other: str) -> None:
    """The alarm is between the name, in both spellings, and the checkbox."""
    (page,) = await answered(forged(host), {"address": ADA})
    asked = box(page)

    assert ("This looks like" in asked, host in asked) == (bool(other), True)
    assert asked.find(f"but is not {other}.") < asked.index('name="confirmed"')


def test_an_honest_foreign_host_is_not_flagged() -> None:
    """Control: a warning that is often wrong is not read."""
    assert [each.look_alike_of for each in attempt(forged("imap.hoster.example"))[0].confirmations] == [""]
