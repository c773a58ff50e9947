"""POST /v1/detect: the answer, the cache, one search for all, and what visitors may not learn."""

import json

import anyio
import pytest

from mailsettings import Policy, parse_address
from mailsettings.schema import from_json
from mailsettings.testing import imap
from mailsettings.web.store import Local
from tests.support.web_service import Visitor, searches, service, world

pytestmark = pytest.mark.anyio


async def test_the_answer_is_a_detection() -> None:
    """
    The body is what `mailsettings --json` prints, verified in both directions.
    """
    async with service(world()) as app:
        response = await Visitor(app).detect("Ada@example.org")

    found = from_json(response.text)
    assert (response.status_code, found.address) == (200, "Ada@example.org")
    assert [found.incoming[0].verified, found.outgoing[0].verified] == [True, True]


async def test_a_second_visitor_is_answered_from_the_cache() -> None:
    """
    Two people of one domain cause one search, and each gets their own user name.
    """
    network = world()
    async with service(network) as app:
        await Visitor(app).detect("ada@example.org")
        second = await Visitor(app).detect("bob@example.org")

    assert (searches(network), second.json()["incoming"][0]["username"]) == (1, "bob@example.org")


async def test_the_local_part_reaches_nobody() -> None:
    """
    Neither DNS, nor a server, nor the store hears whose address it is.
    """
    network = world()
    async with service(network) as app:
        await Visitor(app).detect("canary-7351@example.org")
        kept = await app.state.service.store.get("answer:example.org any")

    assert "canary-7351" not in repr(network.asked) + repr(kept)


async def test_simultaneous_visitors_share_one_search() -> None:
    """
    Two hundred visitors of one domain at the same moment cause one detection.
    """
    network = world()
    statuses = []
    async with service(network) as app:

        async def ask() -> None:
            statuses.append((await Visitor(app).detect("ada@example.org")).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(ask)

    assert (statuses, searches(network)) == ([200] * 200, 1)


async def test_another_protocol_is_another_question() -> None:
    """
    A request for POP3 is not answered with the IMAP server that another visitor was given.
    """
    async with service(world()) as app:
        await Visitor(app).detect("ada@example.org")
        found = (await Visitor(app).detect("ada@example.org", protocol="pop3")).json()

    assert [choice["protocol"] for choice in found["incoming"]] == []


async def test_nothing_found_is_an_answer() -> None:
    """
    A domain without mail is a 200 with failures, not an error.
    """
    async with service(world()) as app:
        response = await Visitor(app).detect("ada@nowhere.example")

    assert (response.status_code, response.json()["incoming"]) == (200, [])
    assert response.json()["failures"] != []


async def test_banners_and_addresses_are_not_shown() -> None:
    """
    What a server says of itself, where it is and how fast it was do not leave the service.
    """
    network = world()
    network.host("imap.banner.example", "11.7.7.7").serve(imap(greeting="* OK canary-banner ready"))
    async with service(network) as app:
        response = await Visitor(app).detect("ada@banner.example")

    probe = response.json()["incoming"][0]["probe"]
    assert "canary-banner" not in response.text
    assert "11.7.7.7" not in response.text
    assert probe["steps"] == []


async def test_a_policy_is_narrowed() -> None:
    """
    An app cannot be made to reach private networks by handing it the policy of a desktop program.
    """
    network = world()
    network.host("imap.home.example", "192.168.1.2").serve(imap())
    async with service(network, policy=Policy.personal()) as app:
        await Visitor(app).detect("ada@home.example")

    assert [where for where in network.connections if where.startswith("192.168.")] == []


async def test_internal_addresses_are_not_connected_to() -> None:
    """
    Whatever DNS says, not one packet goes to this machine, its network or its hypervisor.
    """
    network = world()
    for name, ip in (("imap", "10.0.0.7"), ("mail", "127.0.0.1"), ("smtp", "169.254.169.254"), ("autoconfig", "::1")):
        network.host(f"{name}.target.example", ip).serve(imap())
    async with service(network, policy=Policy.personal()) as app:
        await Visitor(app).detect("ada@target.example")

    assert [where for where in network.connections if not where.startswith("11.")] == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"address": "nobody"}, "bad-address"),
        ({"address": "ada@localhost"}, "bad-address"),
        ({"address": "ada@127.0.0.1"}, "bad-address"),
        ({"address": "a\r\nb@example.org"}, "bad-address"),
        ({"address": 7}, "bad-request"),
        ({}, "bad-request"),
        ({"address": "ada@example.org", "policy": {}}, "bad-request"),
        ({"address": "ada@example.org", "options": {"protocol": "smtp"}}, "bad-request"),
    ],
)
async def test_a_bad_request_is_a_problem(body: object, name: str) -> None:
    """
    Each is refused with a problem document, before anything is asked.
    """
    network = world()
    async with service(network) as app:
        response = await Visitor(app).post("/v1/detect", body)

    assert (response.status_code, response.json()["type"]) == (422, f"urn:mailsettings:problem:{name}")
    assert response.headers["content-type"] == "application/problem+json"
    assert network.asked == ()


@pytest.mark.parametrize("address", ["Ada <ada@target.example>", "mailto:ada@target.example", "ada@target,example"])
async def test_a_pasted_address_is_a_problem_that_does_not_repeat_it(address: str) -> None:
    """
    The detail says what is wrong with it; the client has what was typed.
    """
    async with service(world()) as app:
        response = await Visitor(app).post("/v1/detect", {"address": address})

    assert (response.status_code, "ada" in response.text, "target" in response.text) == (422, False, False)


async def test_a_form_of_another_site_cannot_ask() -> None:
    """
    A page elsewhere can post text or a form without being asked for permission, but no JSON.
    """
    async with service(world()) as app:
        response = await Visitor(app).post(
            "/v1/detect", content=json.dumps({"address": "ada@example.org"}), headers={"content-type": "text/plain"}
        )

    assert response.status_code == 422


async def test_an_answer_cached_by_another_version_is_searched_for_anew() -> None:
    """
    What lies in a shared store may have been written by a newer program.
    """
    network = world()
    async with service(network) as app:
        await app.state.service.store.put("answer:example.org any", b'{"schema": 99}', 60)
        response = await Visitor(app).detect("ada@example.org")

    assert (response.status_code, searches(network)) == (200, 1)


async def test_an_unverified_answer_is_cached_for_a_minute() -> None:
    """
    A domain that has just been repaired is looked at again soon; one that works is not.
    """
    now = [1000.0]
    network = world()
    async with service(network, store=Local(clock=lambda: now[0])) as app:
        for seconds in (0, 30, 70):
            now[0] = 1000.0 + seconds
            await Visitor(app).detect("ada@nowhere.example")
            await Visitor(app).detect("ada@example.org")

    assert (searches(network, "nowhere.example"), searches(network)) == (2, 1)


async def test_a_name_with_a_local_part_of_another_script_is_taken() -> None:
    """
    International addresses are addresses.
    """
    address = parse_address("äda@example.org")
    async with service(world()) as app:
        response = await Visitor(app).detect("äda@example.org")

    assert response.json()["address"] == str(address)
