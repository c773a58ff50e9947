"""Machines that hosters rent out and lines of ISPs' customers: each is a domain of its own."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings.hostnames import belongs_to, inside, is_public_suffix, registrable, rented_machine, same_owner

HETZNER = "clients.your-server.de"
# A host of one label or more, also of the kind that reverse DNS has: static.4-3-2-1.
LABELS = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4).map(
    ".".join
)
RENTED = (HETZNER, "hsd1.ca.comcast.net", "ip.secureserver.net", "vps.ovh.net", "stratoserver.net")
OWN = ("vps1.ovh.net", "your-server.de", "comcast.net", "ovh.net", "example.org", "a.github.io", "kasserver.com")
ZONES = st.sampled_from((*RENTED, *OWN, "example.co.uk", "github.io", "org"))
HOSTS = st.builds("{}.{}".format, LABELS, ZONES) | ZONES


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("static.4.3.2.1.clients.your-server.de", "static.4.3.2.1.clients.your-server.de"),
        ("Static.4.3.2.1.Clients.Your-Server.DE.", "static.4.3.2.1.clients.your-server.de"),
        ("www12.your-server.de", "your-server.de"),
        ("clients.your-server.de", "clients.your-server.de"),
        ("c-73-1-2-3.hsd1.ca.comcast.net", "c-73-1-2-3.hsd1.ca.comcast.net"),
        ("hsd1.ca.comcast.net", "hsd1.ca.comcast.net"),
        ("imap.comcast.net", "comcast.net"),
        ("ca.comcast.net", "comcast.net"),
        ("s148-66-1-2.secureserver.net", "s148-66-1-2.secureserver.net"),
        ("imap.s148-66-1-2.secureserver.net", "s148-66-1-2.secureserver.net"),
        ("smtp.secureserver.net", "secureserver.net"),
        ("vps1234.ovh.net", "vps1234.ovh.net"),
        ("imap.vps1234.ovh.net", "vps1234.ovh.net"),
        ("ssl0.ovh.net", "ovh.net"),
        ("cluster1.hosting.ovh.net", "cluster1.hosting.ovh.net"),
    ],
)
def test_a_rented_machine_is_a_registration_of_its_own(host: str, owner: str) -> None:
    """
    What stands below the hoster's domain by its own name stays the hoster's.
    """
    assert registrable(host) == owner


@pytest.mark.parametrize(
    ("host", "suffix"),
    [
        (HETZNER, True),
        ("hsd1.ca.comcast.net", True),
        ("your-server.de", False),
        ("comcast.net", False),
        ("ovh.net", False),
        (f"a.{HETZNER}", False),
        ("vps1.ovh.net", False),
    ],
)
def test_a_zone_of_rented_machines_is_a_public_suffix(host: str, *, suffix: bool) -> None:
    """
    Anyone with a credit card gets a name there; neither the hoster's own domain nor a machine is such a zone.
    """
    assert is_public_suffix(host) is suffix


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        pytest.param("imap.example.org", "mail.example.org", True, id="one registration"),
        pytest.param("IMAP.Example.org.", "example.org", True, id="any letter case"),
        pytest.param("imap.example.net", "example.org", False, id="two registrations"),
        pytest.param(f"a.{HETZNER}", "your-server.de", False, id="a tenant is not the hoster"),
        pytest.param("mail.your-server.de", f"a.{HETZNER}", False, id="the hoster is not the tenant"),
        pytest.param(f"a.{HETZNER}", f"b.{HETZNER}", False, id="two tenants"),
        pytest.param(f"imap.a.{HETZNER}", f"a.{HETZNER}", True, id="below the tenant's machine"),
        pytest.param(f"a.{HETZNER}", f"imap.a.{HETZNER}", False, id="above the tenant's name"),
        pytest.param("imap.vps1.ovh.net", "vps1.ovh.net", True, id="below a machine with a name of one label"),
        pytest.param("vps1.ovh.net", "imap.vps1.ovh.net", True, id="a machine with a name of one label"),
        pytest.param("vps2.ovh.net", "vps1.ovh.net", False, id="two machines"),
        pytest.param("c-1-2-3-4.hsd1.ca.comcast.net", "comcast.net", False, id="a customer's line"),
        pytest.param("imap.comcast.net", "comcast.net", True, id="the provider's server"),
    ],
)
def test_a_host_belongs_to_the_registration_but_not_across_tenants(host: str, domain: str, *, expected: bool) -> None:
    """
    A password for one tenant goes neither to another nor to the hoster, nor the other way round.
    """
    assert belongs_to(host, domain) is expected


@settings(deadline=None)
@given(HOSTS)
def test_a_registration_is_its_own(host: str) -> None:
    """
    Asking again changes nothing, and a host is always at or below its registration.
    """
    owner = registrable(host)

    assert (registrable(owner), inside(host, owner), belongs_to(host, host)) == (owner, True, True)


@settings(deadline=None)
@given(LABELS, st.sampled_from(RENTED))
def test_no_registration_reaches_up_to_a_zone_of_rented_machines(name: str, zone: str) -> None:
    """
    However deep a name lies below such a zone, it is one machine.
    """
    host = f"{name}.{zone}"

    assert (registrable(host), rented_machine(host)) == (host, host)
    assert not belongs_to(host, registrable(zone.partition(".")[2]))


@settings(deadline=None)
@given(LABELS, LABELS, ZONES)
def test_ownership_has_no_direction(one: str, other: str, zone: str) -> None:
    """
    same_owner is symmetric, and follows from belonging either way.
    """
    first, second = f"{one}.{zone}", f"{other}.{zone}"

    assert (
        same_owner(first, second)
        == same_owner(second, first)
        == (belongs_to(first, second) or belongs_to(second, first))
    )


@settings(deadline=None)
@given(st.lists(HOSTS, min_size=3, max_size=3))
def test_owners_do_not_overlap(hosts: list[str]) -> None:
    """
    Two hosts that belong to one domain by the list, outside of rented machines, belong to each other.
    """
    owned = [host for host in hosts if not rented_machine(host)]

    assert all(
        belongs_to(a, b) == belongs_to(b, a) == (registrable(a) == registrable(b)) for a, b in combinations(owned, 2)
    )
