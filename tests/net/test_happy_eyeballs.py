"""The order in which addresses are tried (RFC 8305). The race itself is tested in test_dialer.py."""

from __future__ import annotations

from ipaddress import ip_address

from mailsettings.net.happy_eyeballs import alternate


def test_families_take_turns() -> None:
    """
    One broken family costs one step, however many addresses it has.
    """
    ips = map(ip_address, ("11.0.0.1", "11.0.0.2", "2a00::1", "2a00::2", "2a00::3", "11.0.0.1"))

    assert " ".join(map(str, alternate(ips))) == "2a00::1 11.0.0.1 2a00::2 11.0.0.2 2a00::3"
