"""The command and its proxy: one that is named is used, its password is never on the command line or in any output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailsettings.cli.app import cli
from mailsettings.cli.card import card
from mailsettings.cli.params import PASSWORD_VARIABLE
from mailsettings.cli.terminal import pen
from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Failure, ProxyAddress
from mailsettings.policy import Policy
from mailsettings.policy.proxy import parse_proxy
from mailsettings.schema import to_dict
from tests.support.detections import VERIFIED
from tests.support.fake_backend import FakeBackend

CANARY = "kanarienvogel"
URL = "socks5://ada@127.0.0.1:1080"


def invoked(*arguments: str, password: str = "") -> tuple[Result, Policy | None]:
    """Run the command with *arguments*; return how it ended, and the policy of the search if there was one."""
    fake = FakeBackend(VERIFIED)
    done = CliRunner().invoke(
        cli, ["ada@example.org", *arguments], obj=fake.backend, env={PASSWORD_VARIABLE: password or None, **OTHERS}
    )
    return done, fake.requests[0][2] if fake.requests else None


OTHERS = dict.fromkeys(("HTTP_PROXY", "https_proxy", "ALL_PROXY", "MAILSETTINGS_PROXY"), "http://127.0.0.1:1")


def test_a_proxy_is_never_taken_from_the_environment() -> None:
    """
    HTTP_PROXY and its like are for browsers: they say nothing about mail, and would be used unasked.
    """
    _, policy = invoked()

    assert policy is not None
    assert policy.proxy is None


def test_a_proxy_that_is_named_is_used() -> None:
    """
    DNS goes through it, too, unless the other is wished.
    """
    (_, policy), (_, past) = (invoked("--proxy", "http://[::1]:3128", *more) for more in ([], ["--dns-past-proxy"]))

    assert policy is not None
    assert past is not None
    assert (policy.proxy, policy.dns_past_proxy) == (parse_proxy("http://[::1]:3128"), False)
    assert past.dns_past_proxy


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nmore\n"], ids=["none", "LF", "CRLF", "more lines"])
def test_the_password_is_the_first_line_of_a_file(end: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Which goes before the one in the environment.
    """
    path = tmp_path_factory.mktemp("proxy") / "password"
    path.write_bytes(f"{CANARY} ü{end}".encode())

    _, policy = invoked("--proxy", URL, "--proxy-password-file", str(path), password="another")

    assert policy is not None
    assert policy.proxy == parse_proxy(URL, password=f"{CANARY} ü")


def test_the_password_may_be_in_a_variable_of_our_own() -> None:
    """
    It belongs to the user of the URL; without one there it is not looked at.
    """
    (_, policy), (_, nobody) = (invoked("--proxy", url, password=CANARY) for url in (URL, URL.replace("ada@", "")))

    assert policy is not None
    assert nobody is not None
    assert policy.proxy == parse_proxy(URL, password=CANARY)
    assert nobody.proxy == parse_proxy(URL.replace("ada@", ""))


@pytest.mark.parametrize("command", [(), ("check",), ("bulk",)], ids=["detect", "check", "bulk"])
def test_a_password_on_the_command_line_is_refused(command: tuple[str, ...]) -> None:
    """
    Everybody on the machine could read it; the refusal says where it belongs, and does not say it.
    """
    url = URL.replace("ada", f"ada:{CANARY}")
    rest = ("/dev/null", "-o", "/dev/null") if command == ("bulk",) else ("ada@example.org",)

    done = CliRunner().invoke(cli, [*command, *rest, "--proxy", url], obj=FakeBackend(VERIFIED).backend)

    assert (done.exit_code, CANARY in done.output) == (2, False)
    assert "--proxy-password-file" in done.output
    assert PASSWORD_VARIABLE in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["--proxy", "127.0.0.1:1080"],
        ["--proxy", "socks4://127.0.0.1"],
        ["--proxy", URL],
        ["--proxy", URL.replace("ada@", ""), "--proxy-password-file", os.devnull],
        ["--proxy", URL, "--proxy-password-file", os.devnull],
        ["--proxy", URL, "--proxy-password-file", "/nonexistent/password"],
        ["--proxy-password-file", os.devnull],
        ["--dns-past-proxy"],
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    """
    Before anybody is contacted: a proxy that was meant must not be left out.
    """
    done, policy = invoked(*arguments)

    assert (done.exit_code, policy) == (2, None)


def test_a_password_that_is_no_text_is_refused_without_showing_it(tmp_path: Path) -> None:
    """
    Not even the byte that was wrong.
    """
    path = tmp_path / "password"
    path.write_bytes(b"kan\xffarie\n")

    done, policy = invoked("--proxy", URL, "--proxy-password-file", str(path))

    assert (done.exit_code, policy, "kan" in done.output) == (2, None, False)


def test_a_cluster_gets_no_password() -> None:
    """
    The policy goes to other machines, over connections that may be in clear.
    """
    arguments = ["bulk", os.devnull, "-o", os.devnull, "--dask", "tcp://127.0.0.1:1", "--proxy", URL]

    done = CliRunner().invoke(cli, arguments, obj=FakeBackend(VERIFIED).backend, env={PASSWORD_VARIABLE: CANARY})

    assert (done.exit_code, CANARY in done.output) == (2, False)


def test_a_broken_proxy_is_said_in_one_line() -> None:
    """
    What is wrong with it, and that nothing was tried without it.
    """
    failure = Failure(
        FailureKind.PROXY,
        ProxyAddress("socks5", "127.0.0.1", 1080),
        "the proxy socks5://127.0.0.1:1080: it refused the login",
    )
    detection = Detection("ada@example.org", failures=(failure,))

    shown = card(to_dict(detection), pen(colours=False))

    assert "  the proxy cannot be used (the proxy socks5://127.0.0.1:1080: it refused the" in shown
    assert "nothing was tried without it" in shown
