"""The settings of the service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailsettings.policy import Policy
from mailsettings.web.app import create_app
from mailsettings.web.settings import Settings


def test_settings_come_from_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Lines of the environment's form; what is not set keeps its default.
    """
    path = tmp_path_factory.mktemp("settings") / "service.env"
    path.write_text('MAILSETTINGS_RUNNING=7\nMAILSETTINGS_TRUSTED_PROXIES=["10.0.0.0/8"]\n')

    settings = Settings.read(str(path))

    assert (settings.running, str(settings.trusted_proxies[0]), settings.waiting) == (7, "10.0.0.0/8", 256)


def test_every_setting_is_documented() -> None:
    """
    The table in docs/service.md has all of them, and no others.
    """
    text = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
    table = text.partition("## Settings")[2].partition("## ")[0]
    rows = "".join(re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE))
    named = re.findall(r"`([A-Z_]+)`", rows)

    assert {name.lower() for name in named} == set(Settings.model_fields)


def test_a_bad_setting_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    A service does not start with a limit that is mistyped.
    """
    path = tmp_path_factory.mktemp("settings") / "service.env"
    path.write_text("MAILSETTINGS_RUNNING=many\n")

    with pytest.raises(ValueError, match="running"):
        Settings.read(str(path))


@pytest.mark.parametrize("validates", [False, True])
def test_the_operator_says_whether_the_resolver_validates(*, validates: bool) -> None:
    """
    The setting is part of the policy of every search.
    """
    settings = Settings(cache=":memory:", resolver="192.0.2.53", resolver_validates=validates)

    policy: Policy = create_app(settings=settings).state.service.policy

    assert (policy.resolver, policy.resolver_validates) == ("192.0.2.53", validates)
