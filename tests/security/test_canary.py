"""Canaries: no address that the policy denies is ever connected to, by whatever way it was named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network

import pytest

from mailsettings import Policy
from mailsettings.policy.ip_filter import objection_to
from mailsettings.testing import FakeNetwork, imap
from tests.support.security.harness import DOMAIN, AttackResult, detect_in
from tests.support.security.ssrf_vectors import ANSWERS, BAIT, DENIED, ROUTES, Route, by_srv

SERVICE = Policy.service().replace(exhaustive=True)
FEW = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1")
PERSONAL = Policy.personal().replace(exhaustive=True)


def contacted(result: AttackResult) -> set[str]:
    """Return the IP addresses that were connected to."""
    return {connection.rpartition(":")[0].strip("[]") for connection in result.net.connections}


def detect_canary(answer: Callable[..., None], route: Route, address: str, policy: Policy) -> AttackResult:
    return detect_in(lambda net: answer(net, route, address), policy=policy, rtt=0.05)


def sung(route: Route, answer: Callable[..., None], addresses: Iterable[str]) -> list[str]:
    """Return the denied addresses that the service contacted when the stranger named *addresses*."""
    found = (ip for address in addresses for ip in contacted(detect_canary(answer, route, address, SERVICE)))
    return [ip for ip in found if objection_to(ip_address(ip), allow_private=False)]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_the_service_contacts_public_addresses_only(route: Route, answer: Callable[..., None]) -> None:
    """T10, T11: {A, AAAA, MX, SRV, CNAME, redirect, document, TXT, literal} × {first, changed, mixed answer}."""
    assert sung(route, answer, FEW) == []


@pytest.mark.thorough
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_none_of_all_denied_addresses_is_contacted(route: Route, answer: Callable[..., None]) -> None:
    """The same with an address of each sort, IPv4 inside IPv6 included."""
    assert sung(route, answer, DENIED) == []


def test_the_canaries_would_sing() -> None:
    """The same routes to a public address are connected to: what is tested above is the filter, not the silence."""
    silent = [
        name
        for name, route in ROUTES.items()
        if "11.8.0.8" not in contacted(detect_canary(ANSWERS["first"], route, "11.8.0.8", SERVICE))
    ]

    assert silent == ["literal"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "fe80::1"]
)
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_nor_does_a_persons_own_program_contact_this_machine(route: Route, address: str) -> None:
    """The personal profile opens private networks; loopback, link-local and metadata stay shut."""
    assert address not in contacted(detect_canary(ANSWERS["first"], route, address, PERSONAL))


def private_server(net: FakeNetwork) -> None:
    """The domain's mail server stands in a private network, as in a company or at home."""
    net.host(f"imap.{DOMAIN}", "10.1.2.3").serve(imap())


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        pytest.param(Policy.personal(), True, id="personal"),
        pytest.param(Policy.service(), False, id="service"),
        pytest.param(Policy.service().replace(allow_networks=(ip_network("10.1.2.0/24"),)), True, id="service-opened"),
        pytest.param(
            Policy.service().replace(allow_networks=(ip_network("10.1.3.0/24"),)), False, id="service-opened-elsewhere"
        ),
        pytest.param(Policy.personal().replace(allow_private=False), False, id="personal-closed"),
    ],
)
def test_private_networks_are_the_profiles_business(policy: Policy, *, found: bool) -> None:
    """A person's own network is theirs; a service has none, unless whoever runs it opens it by name."""
    assert bool(detect_in(private_server, policy=policy).verified) is found


@pytest.mark.parametrize(
    ("network", "address"),
    [("127.0.0.0/8", "127.0.0.1"), ("169.254.169.254/32", "169.254.169.254"), ("::1/128", "::1")],
)
def test_the_user_can_open_what_is_never_open_otherwise(network: str, address: str) -> None:
    """A bridge on this machine, a laboratory: said by name, it is contacted, and nothing beside it."""
    policy = Policy.personal().replace(allow_networks=(ip_network(network),))

    result = detect_in(lambda net: net.host(f"imap.{DOMAIN}", address).serve(imap()), policy=policy)

    assert result.verified == (f"imap.{DOMAIN}:993",)


def test_an_opened_network_is_not_reached_in_disguise() -> None:
    """10/8 is open; 10.0.0.1 inside a NAT64 or 6to4 address is another machine's way there, and stays shut."""
    policy = Policy.service().replace(allow_networks=(ip_network("10.0.0.0/8"),), exhaustive=True)

    for address in ("64:ff9b::a00:1", "2002:a00:1::", "::ffff:10.0.0.1"):
        assert contacted(detect_canary(ANSWERS["first"], by_srv, address, policy)) == set()


def test_denied_and_dead_look_alike_in_where_but_not_in_kind() -> None:
    """The library says "denied" to its caller, who decides what a stranger may be told (T42)."""
    result = detect_canary(ANSWERS["first"], by_srv, "10.0.0.1", SERVICE)

    assert {failure.kind for failure in result.failures(f"{BAIT}:993")} == {"denied"}
