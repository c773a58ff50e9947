"""The service's proxy: set by its operator only, and never disclosed."""

from __future__ import annotations

import pytest

from mailsettings.policy import Policy
from mailsettings.policy.proxy import parse_proxy
from mailsettings.web import Settings, create_app

CANARY = "kanarienvogel"
URL = f"socks5://ada:{CANARY}@127.0.0.1:1080"


def _read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """Return the settings of an environment with *variables*."""
    for name, value in variables.items():
        monkeypatch.setenv(f"MAILSETTINGS_{name}", value)
    return Settings.read()


def test_the_operator_sets_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is a part of the policy of every search; the proxy itself may be on this machine, the servers may not.
    """
    settings = _read(monkeypatch, PROXY=URL, DNS_PAST_PROXY="true", CACHE=":memory:")

    policy: Policy = create_app(settings=settings).state.service.policy

    assert (policy.proxy, policy.dns_past_proxy) == (parse_proxy(URL), True)
    assert policy.objection(parse_proxy(URL).addresses[0], 993) is not None


def test_without_the_setting_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Variables that other programs obey are not looked at; an empty setting is none.
    """
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert _read(monkeypatch, PROXY="").proxy is None


def test_settings_do_not_show_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    However they are printed.
    """
    settings = _read(monkeypatch, PROXY=URL)

    assert settings.proxy is not None
    assert settings.proxy.password.reveal() == CANARY
    assert [text for text in (repr(settings), str(settings), str(settings.model_dump())) if CANARY in text] == []


@pytest.mark.parametrize("url", [f"{URL}/x", URL.replace("socks5", "socks4"), f"socks5://ada:{CANARY}@[::1"])
def test_a_bad_proxy_is_an_error_that_does_not_repeat_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The message may end up in a log.
    """
    with pytest.raises(ValueError, match="proxy") as caught:
        _read(monkeypatch, PROXY=url)

    assert CANARY not in f"{caught.value}{caught.value!r}"


def test_another_bad_setting_does_not_show_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Errors have no input in them, whichever setting they are about.
    """
    with pytest.raises(ValueError, match="running") as caught:
        _read(monkeypatch, PROXY=URL, RUNNING="many")

    assert CANARY not in str(caught.value)
