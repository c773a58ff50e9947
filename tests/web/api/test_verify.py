"""POST /v1/verify: over a safe way, where the password may go, and without a trace."""

import logging
from typing import Any

import pytest

from mailsettings.testing import Account, FakeNetwork, Options, imap, smtp
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio
SECRET = "canary-8241 horse"


def mailboxes() -> FakeNetwork:
    """A domain with a mailbox, and a customer domain whose mailboxes are there."""
    network = FakeNetwork()
    accounts = {"ada@example.org": Account(SECRET), "ada@customer.example": Account(SECRET)}
    network.host("imap.example.org").serve(imap(accounts=accounts))
    network.host("smtp.example.org").serve(smtp(accounts=accounts))
    for domain in ("example.org", "customer.example"):
        network.records(f"_imaps._tcp.{domain}", SRV="0 1 993 imap.example.org")
        network.records(f"_submissions._tcp.{domain}", SRV="0 1 465 smtp.example.org")
    return network


def login(address: str = "ada@example.org", **more: Any) -> dict[str, Any]:
    return {"address": address, "password": SECRET, **more}


async def test_a_right_password_works_in_both_directions() -> None:
    """
    Login and mailbox, login and sender: verified.
    """
    async with service(mailboxes()) as app:
        done = (await Visitor(app).post("/v1/verify", login())).json()

    assert (done["verified"], done["incoming"]["host"], done["outgoing"]["host"]) == (
        True,
        "imap.example.org",
        "smtp.example.org",
    )


async def test_a_wrong_password_is_explained() -> None:
    """
    The answer says what is wrong, and nothing of what was typed or what the server said.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login() | {"password": "canary-wrong"})

    assert (response.json()["verified"], response.json()["findings"][0]["code"]) == (False, "bad-credentials")
    assert "canary" not in response.text
    assert "AUTHENTICATIONFAILED" not in response.text


async def test_foreign_servers_want_a_confirmation() -> None:
    """
    409 names the hosts; nothing was sent. With the user's word for them the same request succeeds.
    """
    network = mailboxes()
    async with service(network) as app:
        ada = Visitor(app)
        asked = await ada.post("/v1/verify", login("ada@customer.example"))
        sent = repr(network.lines)
        agreed = await ada.post("/v1/verify", login("ada@customer.example", confirmed=asked.json()["hosts"]))

    assert (asked.status_code, asked.json()["hosts"]) == (409, ["imap.example.org", "smtp.example.org"])
    assert [each["host"] for each in asked.json()["confirmations"]] == asked.json()["hosts"]
    assert {(each["group"], each["why"]) for each in asked.json()["confirmations"]} == {("example.org", "other-domain")}
    assert "LOGIN" not in sent
    assert "AUTHENTICATE" not in sent
    assert agreed.json()["verified"] is True


@pytest.mark.parametrize(
    "confirmed", [["example.org"], ["imap.example.org"], ["imap.example.org", "mail.example.org"], ["nonsense", "a b"]]
)
async def test_a_domain_or_another_host_is_not_enough(confirmed: list[str]) -> None:
    """
    409 again, for the hosts that are still missing.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login("ada@customer.example", confirmed=confirmed))

    missing = [host for host in ("imap.example.org", "smtp.example.org") if host not in confirmed]
    assert (response.status_code, response.json()["hosts"]) == (409, missing)


@pytest.mark.parametrize("spelled", ["imap.example.org", "IMAP.Example.ORG."])
async def test_typed_servers_are_agreed_to_by_host(spelled: str) -> None:
    """
    The domain is not enough; the host is, however it is spelled.
    """
    server = {"protocol": "imap", "host": "imap.example.org", "port": 993, "security": "tls"}
    typed = login("ada@customer.example", incoming=server)
    async with service(mailboxes()) as app:
        ada = Visitor(app)
        asked = await ada.post("/v1/verify", typed | {"confirmed": ["example.org"]})
        agreed = await ada.post("/v1/verify", typed | {"confirmed": [spelled]})

    assert (asked.status_code, asked.json()["hosts"]) == (409, ["imap.example.org"])
    assert agreed.json()["incoming"]["verified"] is True


async def test_typed_servers_of_another_domain_want_one_too() -> None:
    """
    A page cannot make a visitor's browser send a password to any server it names.
    """
    network = mailboxes()
    server = {"protocol": "imap", "host": "imap.example.org", "port": 993, "security": "tls"}
    async with service(network) as app:
        response = await Visitor(app).post("/v1/verify", login("ada@customer.example", incoming=server))

    assert (response.status_code, network.connections) == (409, ())


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "router.lan", "a b.example"])
async def test_typed_servers_are_public_names(host: str) -> None:
    """
    Addresses and names of a private network are no servers here.
    """
    network = mailboxes()
    server = {"protocol": "imap", "host": host, "port": 993, "security": "tls"}
    async with service(network) as app:
        response = await Visitor(app).post("/v1/verify", login(incoming=server))

    assert (response.status_code, network.asked) == (422, ())


async def test_plain_is_not_to_be_had() -> None:
    """
    There is no way to ask for a login without TLS.
    """
    server = {"protocol": "imap", "host": "imap.example.org", "port": 143, "security": "plain"}
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login(incoming=server))

    assert response.status_code == 422


async def test_passwords_are_not_accepted_over_plain_http() -> None:
    """
    Over http from elsewhere: 403, before anything is looked up.
    """
    network = mailboxes()
    async with service(network) as app:
        response = await Visitor(app, scheme="http").post("/v1/verify", login())

    assert (response.status_code, response.json()["type"], network.asked) == (
        403,
        "urn:mailsettings:problem:insecure",
        (),
    )


@pytest.mark.parametrize(
    ("ip", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"x-forwarded-for": "12.0.0.1"}, 403),  # a proxy that is not in the settings
        ("12.0.0.1", {"x-forwarded-proto": "https"}, 403),  # a visitor's own word
    ],
)
async def test_this_machine_is_a_safe_way(ip: str, headers: dict[str, str], status: int) -> None:
    """
    http is safe from loopback, unless it comes through a proxy that may have taken it from anywhere.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app, ip, scheme="http").post("/v1/verify", login(), headers=headers)

    assert response.status_code == status


async def test_other_sites_cannot_post_passwords() -> None:
    """
    A browser says where a request comes from.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login(), headers={"sec-fetch-site": "cross-site"})

    assert response.status_code == 403


async def test_one_mailbox_is_tried_five_times_in_ten_minutes() -> None:
    """
    Many visitors together cannot guess a password through the service.
    """
    async with service(mailboxes()) as app:
        wrong = login() | {"password": "wrong"}
        statuses = [(await Visitor(app).post("/v1/verify", wrong)).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("issuer", "sent"), [("", False), ("accounts.google.com", False), ("https://login.example.org", True)]
)
async def test_a_token_goes_to_servers_of_its_issuer(issuer: str, sent: bool) -> None:
    """
    Without an issuer, or with one of other servers: a finding, and no login.
    """
    network = FakeNetwork()
    options: Options = {"mechanisms": ("XOAUTH2",), "accounts": {"ada@example.org": Account(SECRET)}}
    network.host("imap.example.org").serve(imap(**options))
    network.host("smtp.example.org").serve(smtp(**options))
    network.records("example.org", MX="10 imap.example.org")
    body = {"address": "ada@example.org", "token": SECRET, "issuer": issuer}
    async with service(network) as app:
        done = (await Visitor(app).post("/v1/verify", body)).json()

    assert (done["verified"], any("AUTHENTICATE" in line for line in network.lines)) == (sent, sent)
    assert [item["code"] for item in done["findings"][:1]] == (
        [] if sent else ["token-for-other-server" if issuer else "token-issuer-missing"]
    )


@pytest.mark.parametrize("more", [{"issuer": "a.example"}, {"password": None, "token": SECRET, "issuer": SECRET}])
async def test_an_issuer_is_of_a_token_and_a_host(more: dict[str, Any]) -> None:
    """
    422, without repeating what was typed.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login() | more)

    assert (response.status_code, SECRET in response.text) == (422, False)


@pytest.mark.parametrize("more", [{"password": None}, {"token": "x"}, {"password": "a\r\nb"}, {"password": "x" * 2000}])
async def test_exactly_one_usable_secret_is_wanted(more: dict[str, Any]) -> None:
    """
    Neither none nor two, nor one that would end a line; the refusal does not repeat it.
    """
    async with service(mailboxes()) as app:
        response = await Visitor(app).post("/v1/verify", login() | more)

    assert (response.status_code, SECRET in response.text) == (422, False)


async def test_no_trace_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """
    Neither password nor local part is in a log, a figure or the store.
    """
    with caplog.at_level(logging.DEBUG):
        async with service(mailboxes()) as app:
            ada = Visitor(app)
            done = await ada.post("/v1/verify", login())
            figures = (await ada.get("/metrics")).text
            kept = await app.state.service.store.get("answer:example.org any")

    traces = caplog.text + figures + repr(kept)
    assert (done.status_code, "canary" in traces, "ada@" in traces) == (200, False, False)


async def test_the_world_of_the_other_tests_has_no_mailbox() -> None:
    """
    Without a mailbox to log in to, the answer is a finding and not an error.
    """
    async with service(world()) as app:
        response = await Visitor(app).post("/v1/verify", login())

    assert (response.status_code, response.json()["verified"]) == (200, False)
