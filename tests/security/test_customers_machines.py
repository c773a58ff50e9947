"""Machines that a stranger rents, or has on a line, below the domain of a provider: they never pass for the provider.

Two ways of a password to a wrong machine are closed: an MX record that names such a machine led to the provider's row,
which then vouched for its servers; and the provider's domain, once agreed to, covered every machine below it.
"""

import pytest

from mailsettings.hostnames import belongs_to, is_public_suffix, registrable
from mailsettings.provider_table import table
from scripts.table_checks import LOOK_ALIKES

# Machine of a customer, the provider's mail domain or its own, a server of the provider below that domain.
TENANTS = (
    ("c-73-1-2-3.hsd1.ca.comcast.net", "comcast.net", "imap.comcast.net"),
    ("c-24-1-2-3.hsd1.wa.comcast.net", "comcast.net", "smtp.comcast.net"),
    ("static.4.3.2.1.clients.your-server.de", "your-server.de", "mail.your-server.de"),
    ("mail.static.4.3.2.1.clients.your-server.de", "your-server.de", "mail.your-server.de"),
    ("ip-1-2-3-4.ip.secureserver.net", "secureserver.net", "imap.secureserver.net"),
    ("s148-66-1-2.secureserver.net", "secureserver.net", "smtpout.secureserver.net"),
    ("imap.s148-66-1-2.secureserver.net", "secureserver.net", "imap.secureserver.net"),
    ("vps-1a2b3c4d.vps.ovh.net", "ovh.net", "ssl0.ovh.net"),
    ("vps12345.ovh.net", "ovh.net", "imap.mail.ovh.net"),
    ("customer.hd.free.fr", "free.fr", "imap.free.fr"),
    ("static-1-2-3-4.abo.bbox.fr", "bbox.fr", "imap.bbox.fr"),
    ("host5-1-2-3-4.serverdedicati.aruba.it", "aruba.it", "imaps.aruba.it"),
)


@pytest.mark.parametrize(("machine", "domain", "server"), TENANTS, ids=[machine for machine, *_ in TENANTS])
def test_a_tenant_is_not_the_provider(machine: str, domain: str, server: str) -> None:
    """
    Its name belongs to nobody but itself, leads to no row by MX or as a server, and no row counts it as its own.
    """
    row = table.host_provider(server)
    assert row is not None

    assert not belongs_to(machine, domain)
    assert not belongs_to(machine, server)
    assert not belongs_to(server, machine)
    assert belongs_to(f"imap.{machine}", registrable(machine))
    assert (table.find_mx(machine), table.host_provider(machine), row.names(machine)) == (None, None, False)


@pytest.mark.parametrize(("machine", "domain", "server"), TENANTS, ids=[machine for machine, *_ in TENANTS])
def test_the_provider_s_own_servers_stay_its_own(machine: str, domain: str, server: str) -> None:
    """
    The control: nothing is taken from the provider itself, whose domain is no public suffix.
    """
    row = table.host_provider(server)

    assert row is not None
    assert (belongs_to(server, domain), row.names(server), is_public_suffix(domain)) == (True, True, False)


@pytest.mark.parametrize("host", LOOK_ALIKES)
@pytest.mark.parametrize("label", ["", "mail.", "mx1."])
def test_no_name_of_a_customer_is_surely_an_exchanger(host: str, label: str) -> None:
    """
    The machine itself, and names that its tenant gives below it.
    """
    found = table.find_mx(label + host)

    assert found is None or not found.certain


@pytest.mark.parametrize(
    "host",
    [
        "mx1a1.comcast.net",
        "contoso-com.mail.protection.outlook.com",
        "w0123456.kasserver.com",
        "www123.your-server.de",
        "smtp.secureserver.net",
        "mailstore1.europe.secureserver.net",
        "mx1.sub5.homie.mail.dreamhost.com",
        "mx1.mail.ovh.net",
        "mx1.free.fr",
        "customer-test.m-v1.mx.microsoft",
        "mx.customer.test.cust.hostedemail.com",
    ],
)
def test_names_of_the_provider_s_machines_count(host: str) -> None:
    """
    The control: also a name that a customer chose, if the machine is the provider's.
    """
    found = table.find_mx(host)

    assert found is not None
    assert found.certain


@pytest.mark.parametrize(
    "zone",
    [
        "clients.your-server.de",
        "hsd1.ca.comcast.net",
        "ip.secureserver.net",
        "vps.ovh.net",
        "stratoserver.net",
        "bc.googleusercontent.com",
    ],
)
def test_zones_of_machines_are_no_owner(zone: str) -> None:
    """
    Two tenants have the zone in common, and nothing else; agreeing to one is not agreeing to the other.
    """
    one, other = f"a.{zone}", f"b.{zone}"

    assert is_public_suffix(zone)
    assert not belongs_to(one, other)
    assert not belongs_to(one, zone)
    assert (registrable(one), registrable(other)) == (one, other)
