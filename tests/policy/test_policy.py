"""What the policy allows: ports, requests, and addresses opened by name."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from mailsettings import Policy

PUBLIC = ip_address("11.0.0.1")
OPENED = ("127.0.0.0/8", "192.168.7.0/24", "::1/128")
SERVICE_PORTS = {25, 110, 143, 443, 465, 587, 993, 995}


def test_a_service_contacts_eight_ports() -> None:
    """Those of mail, and 443 for documents; not 80, whose documents anybody can forge."""
    service = Policy.service()

    assert {port for port in range(65536) if service.objection(PUBLIC, port) is None} == SERVICE_PORTS


def test_a_person_may_also_ask_in_clear_and_on_2525() -> None:
    """Some providers have nothing else."""
    personal = Policy.personal()

    assert {port for port in range(65536) if personal.objection(PUBLIC, port) is None} == SERVICE_PORTS | {80, 2525}


@pytest.mark.parametrize("port", [0, 7, 22, 53, 80, 443, 139, 389, 2049, 5060, 6667, 10080])
def test_a_mail_server_is_not_where_other_services_are(port: int) -> None:
    """The ports that browsers block, and those of the web."""
    assert not Policy.personal().permits_mail_port(port)


@pytest.mark.parametrize("port", [26, 1143, 2525, 10993, 52025])
def test_a_mail_server_may_have_another_port(port: int) -> None:
    """For a person, at a public address, and not for documents; never for a service."""
    personal, private = Policy.personal(), ip_address("192.168.1.10")

    assert personal.objection(PUBLIC, port, mail=True) is None
    assert personal.objection(private, port, mail=True, own=True) is None
    assert Policy.service().objection(PUBLIC, port, mail=True) is not None
    assert Policy.service().objection(private, 993, mail=True, own=True) is not None
    if port != 2525:
        assert personal.objection(private, port, mail=True) is not None
        assert personal.objection(PUBLIC, port) is not None


@pytest.mark.parametrize(
    ("ip", "allowed"),
    [("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("169.254.169.254", False), ("fe80::1", False)],
)
def test_only_the_users_own_server_is_on_this_machine(ip: str, allowed: bool) -> None:
    """What a domain names is not; metadata services and link-local addresses never are."""
    personal, address = Policy.personal(), ip_address(ip)

    assert (personal.objection(address, 1143, mail=True, own=True) is None) is allowed
    assert personal.objection(address, 1143, mail=True) is not None
    assert Policy.service().objection(address, 993, mail=True, own=True) is not None


def test_a_service_sends_no_address_and_asks_nothing_in_clear() -> None:
    """It acts for strangers, who may have typed somebody else's address."""
    service = Policy.service()

    assert (service.allow_private, service.send_address, service.allow_http) == (False, False, False)


def test_what_is_opened_by_name_is_open_on_the_ports_of_mail_only() -> None:
    """An intranet that is opened is not open for a port scan."""
    policy = Policy.service().replace(allow_networks=tuple(map(ip_network, OPENED)))

    assert policy.objection(ip_address("127.0.0.1"), 993) is None
    assert policy.objection(ip_address("::1"), 993) is None
    assert policy.objection(ip_address("127.0.0.1"), 22) is not None
    assert policy.objection(ip_address("10.0.0.1"), 993) is not None
