"""The command behind real proxies, microsocks and tinyproxy, in a namespace where every other way out is watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.test_domains import best, detected
from tests.support.lab.addressing import GATEWAY
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.processes import Daemon, run, running

USER, PASSWORD = "ada", "geheimundlang"  # tinyproxy knows letters and digits only
SOCKS, HTTP = 1080, 3128
HERE = str(GATEWAY[0])  # the servers' end of the cable: the proxies are elsewhere, as a user's proxy is
URLS = {"socks5": f"socks5://{USER}@{HERE}:{SOCKS}", "http": f"http://{USER}@{HERE}:{HTTP}"}
DOMAIN = "both.example"
SERVERS = ("imap://imap.both.example:993 (tls)", "smtp://smtp.both.example:465 (tls)")
WATCH = f"""
table inet watch {{
  counter past {{ }}
  chain out {{
    type filter hook output priority 0
    ip daddr {HERE} tcp dport {{ {SOCKS}, {HTTP} }} accept
    oifname lo accept
    meta l4proto icmpv6 accept
    tcp flags & (fin | rst | ack) != 0 accept comment "ends of earlier tests' connections: each begins with SYN alone"
    counter name past reject
  }}
}}
"""
TINYPROXY = """
Port {port}
Listen {address}
Timeout 30
MaxClients 100
BasicAuth {user} {password}
{ports}
"""


@pytest.fixture(scope="module")
def password_file(lab: Laboratory) -> str:
    path = lab.directory / "proxy-password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def proxies(lab: Laboratory) -> Iterator[None]:
    """Run both proxies as long as this module needs them."""
    ports = "\n".join(f"ConnectPort {port}" for port in (25, 53, 80, 143, 443, 465, 587, 993))  # not POP3's
    socks = Daemon("microsocks", ("microsocks", "-i", HERE, "-p", str(SOCKS), "-u", USER, "-P", PASSWORD))
    configured = Daemon("tinyproxy", ("tinyproxy", "-d", "-c", str(_tinyproxy(lab.directory, ports))))
    with running([socks, configured], lab.namespaces.servers, lab.directory) as processes:
        lab.await_sockets({(HERE, SOCKS), (HERE, HTTP)}, processes)
        yield


def _tinyproxy(directory: Path, ports: str) -> Path:
    path = directory / "tinyproxy.conf"
    path.write_text(TINYPROXY.format(port=HTTP, address=HERE, user=USER, password=PASSWORD, ports=ports))
    return path


@pytest.fixture
def elsewhere(lab: Laboratory) -> Iterator[None]:
    """Count and reject whatever leaves the user's namespace for anybody but the proxies."""
    run("ip", "netns", "exec", lab.namespaces.client, "nft", "-f", "-", given=WATCH)
    try:
        yield
    finally:
        run("ip", "netns", "exec", lab.namespaces.client, "nft", "delete", "table", "inet", "watch")


def past(lab: Laboratory) -> int:
    """Return how many packets wanted to go past the proxies."""
    listing = run("ip", "netns", "exec", lab.namespaces.client, "nft", "list", "counter", "inet", "watch", "past")
    return int(listing.split("packets")[1].split()[0])


def through(lab: Laboratory, way: str, password_file: str, *more: str, **options: str) -> tuple[int, dict[str, Any]]:
    arguments = ("--proxy", URLS[way], "--proxy-password-file", password_file, *more)
    return detected(lab, DOMAIN, *arguments, **options)


@pytest.mark.usefixtures("proxies", "elsewhere")
@pytest.mark.parametrize("way", URLS)
def test_a_domain_is_found_through_a_proxy_and_in_no_other_way(lab: Laboratory, way: str, password_file: str) -> None:
    """
    Both servers are verified, the answer says whose word it is, and not a packet went elsewhere: DNS neither.
    """
    code, answer = through(lab, way, password_file)

    assert (code, past(lab)) == (0, 0), answer["failures"]
    assert (best(answer["incoming"]), best(answer["outgoing"])) == tuple((server, True) for server in SERVERS)
    assert any(note.startswith(f"proxy {way}://{HERE}:") for note in answer["notes"])
    assert PASSWORD not in str(answer)


@pytest.mark.usefixtures("proxies", "elsewhere")
def test_dns_over_tls_goes_through_the_proxy(lab: Laboratory, password_file: str) -> None:
    """
    The same answer, and the resolver's certificate was checked end to end.
    """
    code, answer = through(lab, "socks5", password_file, resolver="tls://{}")

    assert (code, past(lab), best(answer["incoming"])) == (0, 0, (SERVERS[0], True))


@pytest.mark.usefixtures("proxies", "elsewhere")
def test_dns_goes_past_the_proxy_only_where_that_is_wished(lab: Laboratory, password_file: str) -> None:
    """
    Then the watch sees it: it does see what goes past.
    """
    _, answer = through(lab, "socks5", password_file, "--dns-past-proxy")

    assert past(lab) > 0
    assert any("went past it" in note for note in answer["notes"])


@pytest.mark.usefixtures("proxies", "elsewhere")
@pytest.mark.parametrize("way", URLS)
def test_a_wrong_password_is_the_proxys_failure_alone(lab: Laboratory, way: str, tmp_path: Path) -> None:
    """
    One failure that names the proxy; the command ends as without a network.
    """
    wrong = tmp_path / "password"
    wrong.write_text("wrong\n")

    code, answer = through(lab, way, str(wrong))

    assert (code, past(lab)) == (4, 0)
    assert [(failure["kind"], failure["where"]) for failure in answer["failures"]] == [
        ("proxy", URLS[way].replace(f"{USER}@", ""))
    ]


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(("way", "kind"), [("socks5", "refused"), ("http", "denied")])
def test_what_a_proxy_refuses_is_told_from_what_a_server_refuses(
    lab: Laboratory, way: str, kind: str, password_file: str
) -> None:
    """
    microsocks says which ports are closed; tinyproxy, which lets no POP3 through, says 403.
    """
    # Everything is contacted: a search that ends as soon as POP3 is verified may not have heard of the other ports.
    options = ("--proxy", URLS[way], "--proxy-password-file", password_file, "--all")

    _, answer = detected(lab, "poponly.example", *options)

    assert kind in {failure["kind"] for failure in answer["failures"]}
    assert (best(answer["incoming"]) == ("pop3://pop.poponly.example:995 (tls)", True)) is (way == "socks5")
