"""What the policy allows: ports, requests, and addresses opened by name."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

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
