"""The card of a search that has found nothing: one screen, with what to do on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from benchmarks.worlds import WORLDS
from mailsettings import Detection, Policy, detect
from mailsettings.cli.card import MAX_LINES, card
from mailsettings.cli.terminal import pen
from mailsettings.errors import FailureKind
from mailsettings.net.network import open_network
from mailsettings.schema import to_dict
from mailsettings.testing import Certificate, FakeNetwork, Script, imap, pop3, run_virtual, scripted, smtp

LONG = f"{'a-rather-long-name-' * 2}of-a-domain.{'with-another-long-label-' * 2}inside.example"


async def _detected(net: FakeNetwork, address: str) -> Detection:
    policy = Policy()
    async with open_network(policy, net.transport(policy)) as network:
        return await detect(address, policy=policy, net=network)


def detected(build: Callable[[FakeNetwork], None], address: str) -> Detection:
    """Return what a search finds in the world of *build*."""
    net = FakeNetwork(rtt=0.05)
    build(net)
    found, _ = run_virtual(partial(_detected, net, address))
    return found


def expired(net: FakeNetwork, domain: str) -> None:
    for name in ("imap", "mail", "smtp", "pop"):
        host = f"{name}.{domain}"
        old = Certificate((host,), problem=FailureKind.CERTIFICATE_EXPIRED)
        net.host(host, certificate=old).serve(imap(), imap(143), pop3(), smtp(), smtp(587))


def unencrypted(net: FakeNetwork, domain: str) -> None:
    servers = (imap(143, starttls_offered=False), pop3(110, starttls_offered=False), smtp(25, mechanisms=()))
    net.host(f"mail.{domain}").serve(*servers, smtp(587, mechanisms=()))


def silent() -> Script:
    """Hang up without a word."""
    yield from ()


def broken(net: FakeNetwork, domain: str) -> None:
    """Every host fails in a way of its own."""
    net.host(f"imap.{domain}").hold(143, 993, 465, 587)
    net.host(f"mail.{domain}").drop(143, 993, 465, 587)
    net.host(f"smtp.{domain}").serve(imap(465), scripted(587, silent))
    net.host(f"pop.{domain}").serve(smtp(995), imap(143, starttls_offered=False))
    net.host(domain).web(80, 443)
    net.records(domain, MX=f"10 mx.{domain}")
    net.servfail(f"mx.{domain}")


def nothing(net: FakeNetwork, domain: str) -> None:
    net.records(domain, TXT="v=spf1 -all")


FAILING = [
    pytest.param(partial(build, domain=domain), f"ada@{domain}", id=f"{build.__name__}-{kind}")
    for build in (expired, unencrypted, broken, nothing)
    for kind, domain in (("short", "world.example"), ("long", LONG))
]


@pytest.mark.parametrize(
    ("build", "address"), [*(pytest.param(each.build, each.address, id=each.name) for each in WORLDS), *FAILING]
)
def test_a_card_without_servers_fits_on_one_screen(build: Callable[[FakeNetwork], None], address: str) -> None:
    """
    24 lines of 80 columns, the last of which the prompt needs; long names are the user's own and cannot be broken.
    """
    found = detected(build, address)
    lines = card(to_dict(found), pen(colours=False)).splitlines()

    if not found.incoming and not found.outgoing:
        assert len(lines) <= MAX_LINES, "\n".join(lines)
        assert "What to do" in lines
    assert [line for line in lines if len(line) > 80 and max(map(len, line.split())) < 60] == []


@pytest.mark.parametrize(("build", "address"), FAILING)
def test_a_finding_is_there_once(build: Callable[[FakeNetwork], None], address: str) -> None:
    """
    One cause at ten guessed places is one finding.
    """
    codes = [item.code for item in detected(build, address).findings]

    assert len(set(codes)) == len(codes)
