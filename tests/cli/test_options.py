"""Options into a policy and a choice of sources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailsettings.bulk import Answered
from mailsettings.cli.app import cli
from mailsettings.model import Protocol
from mailsettings.policy import Policy
from tests.support.detections import VERIFIED
from tests.support.fake_backend import FakeBackend


class Nothing:
    """A run without addresses: no answers."""

    async def __aiter__(self) -> AsyncIterator[Answered]:
        return
        yield


def asked(*arguments: str) -> tuple[tuple[str, ...], Policy]:
    """Return the sources and the policy that *arguments* amount to."""
    fake = FakeBackend(VERIFIED)
    done = CliRunner().invoke(cli, [*arguments, "ada@example.org"], obj=fake.backend)
    assert done.exit_code == 0, done.stderr
    return fake.requests[0][1:]


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ([], "timeouts.deadline", Policy().timeouts.deadline),
        (["--timeout", "3.5"], "timeouts.deadline", 3.5),
        (["--timeout", "3.5"], "timeouts.greeting_deadline", 3.5),
        (["--resolver", "192.0.2.1"], "resolver", "192.0.2.1"),
        (["--resolver", "[2001:db8::1]:5353"], "resolver", "[2001:db8::1]:5353"),
        (["--resolver", "2001:db8::1"], "resolver", "2001:db8::1"),
        (["--resolver", "tls://dns.example.org"], "resolver", "tls://dns.example.org"),
        (["--resolver", "https://dns.example.org/dns-query"], "resolver", "https://dns.example.org/dns-query"),
        (["--resolver", "192.0.2.1"], "resolver_validates", False),
        (["--resolver", "192.0.2.1", "--resolver-validates"], "resolver_validates", True),
        (["--ca", __file__], "ca_file", __file__),
        (["--allow-network", "127.0.0.0/8"], "allow_networks", (ip_network("127.0.0.0/8"),)),
        (["--network-profile", "service"], "allow_private", False),
        ([], "allow_private", True),
        (["--all"], "exhaustive", True),
        ([], "allow_http", True),
        (["--no-http"], "allow_http", False),
        pytest.param(
            ["--protocol", "pop3"], "protocols", frozenset({Protocol.POP3, Protocol.SMTP}), id="--protocol pop3"
        ),
    ],
    ids=str,
)
def test_an_option_sets_the_policy(arguments: list[str], field: str, value: Any) -> None:
    """
    What is asked for on the command line is what the search may do.
    """
    assert value == attrgetter(field)(asked(*arguments)[1])


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="none"),
        pytest.param(["--no-guess", "--no-http"], id="without guesses and http"),
        pytest.param(["--timeout", "3.5", "--resolver", "tls://dns.example.org"], id="resolver, timeout"),
        pytest.param(["--resolver", "192.0.2.1", "--resolver-validates"], id="validating resolver"),
        pytest.param(["--ca", __file__, "--allow-network", "127.0.0.0/8"], id="authorities, networks"),
        pytest.param(["--network-profile", "personal"], id="profile"),
        pytest.param(["--proxy", "socks5://192.0.2.1:1080", "--dns-past-proxy"], id="proxy"),
    ],
)
def test_bulk_reads_the_same_options_as_a_single_search(tmp_path: Path, arguments: list[str]) -> None:
    """
    One policy comes of the same options; only the networks that bulk may contact are fewer unless it is told.
    """
    policies: list[Policy] = []

    @asynccontextmanager
    async def many(_addresses: object, *, policy: Policy, **_: object) -> AsyncIterator[AsyncIterator[Answered]]:
        policies.append(policy)
        yield aiter(Nothing())

    engine = replace(FakeBackend(VERIFIED).backend, detect_many=many)
    (tmp_path / "in").write_text("")
    command = ["bulk", str(tmp_path / "in"), "-o", str(tmp_path / "out.jsonl"), *arguments]
    done = CliRunner().invoke(cli, command, obj=engine)
    single = asked("--network-profile", "service", *arguments)[1]

    assert (done.exit_code, policies) == (0, [single])


def test_networks_can_be_allowed_one_by_one() -> None:
    """
    --allow-network may be given again, for IPv4 and IPv6.
    """
    networks = asked("--allow-network", "10.0.0.0/8", "--allow-network", "fd00::/8")[1].allow_networks

    assert (ip_network("10.0.0.0/8"), ip_network("fd00::/8")) == networks


@pytest.mark.parametrize(
    ("arguments", "sources"),
    [
        ([], ("table", "srv", "guess")),
        (["--no-guess"], ("table", "srv")),
        (["--source", "srv"], ("srv",)),
        (["--source", "srv", "--source", "table"], ("table", "srv")),
    ],
    ids=str,
)
def test_sources_are_chosen_by_name(arguments: list[str], sources: tuple[str, ...]) -> None:
    """
    All sources are asked unless some are named; guessing can be switched off.
    """
    assert sources == asked(*arguments)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "tarot"], "there is no source 'tarot'; there are table, srv, guess"),
        (["--json", "--jsonl"], "--json and --jsonl exclude each other"),
        (["--plan", "--offline"], "--plan and --offline exclude each other"),
        (["--plan", "--jsonl"], "--plan and --jsonl exclude each other"),
        (["--offline", "--source", "srv"], "--offline and --source exclude each other"),
        (["--timeout", "0"], "0.0 is not in the range"),
        (["--timeout", "61"], "61.0 is not in the range"),
        (["--timeout", "soon"], "'soon' is not a valid float"),
        (["--protocol", "smtp"], "'smtp' is not one of 'imap', 'pop3'"),
        (["--resolver", "dns.example.org"], "is neither an IP address nor"),
        (["--resolver", "192.0.2.1:0"], "is neither an IP address nor"),
        (["--resolver", "http://dns.example.org"], "starts with neither tls:// nor https://"),
        (["--resolver", "tls://"], "starts with neither tls:// nor https://"),
        (["--resolver-validates"], "needs --resolver"),
        (["--ca", "/does/not/exist"], "does not exist"),
        (["--allow-network", "10.0.0.1/8"], "has host bits set"),
        (["--allow-network", "home"], "does not appear to be an IPv4 or IPv6 network"),
        (["--network-profile", "wild"], "'wild' is not one of"),
        (["--fast"], "No such option"),
    ],
    ids=str,
)
def test_a_wrong_option_is_explained(arguments: list[str], message: str) -> None:
    """
    Nobody is contacted, and the message names what was seen; exit code 2.
    """
    fake = FakeBackend(VERIFIED)
    done = CliRunner().invoke(cli, [*arguments, "ada@example.org"], obj=fake.backend)

    assert (done.exit_code, fake.requests, message in done.stderr) == (2, [], True)


def test_a_folder_is_a_source_before_all_others(tmp_path: Path) -> None:
    """
    --folder DIR adds the user's own documents.
    """
    assert asked("--folder", str(tmp_path))[0] == ("folder", "table", "srv", "guess")


@pytest.mark.parametrize("url", ["http://db.example/", "db.example", "https://user@db.example/", "https://127.0.0.1/"])
def test_a_collection_has_an_https_url(url: str) -> None:
    """
    --ispdb takes nothing that could be forged on the way, and nothing of this machine.
    """
    done = CliRunner().invoke(cli, ["--ispdb", url, "ada@example.org"], obj=FakeBackend(VERIFIED).backend)

    assert done.exit_code == 2
