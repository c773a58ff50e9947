"""`make table` says which MX patterns take in names that customers can have."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailsettings.provider_table.document import read_bundled
from scripts import table as make_table
from scripts.table_checks import GIVEN, LOOK_ALIKES, problems
from tests.support.provider_tables import entry

YAML = Path(__file__).parents[2] / "data" / "providers.yaml"


def found(**entries: dict[str, Any]) -> list[str]:
    return list(problems({"providers": entries}))


def test_the_table_takes_no_customer_for_a_provider() -> None:
    """Neither lines nor rented machines nor chosen names, in the forms that they have at these providers."""
    assert list(problems(read_bundled(YAML.read_text(encoding="utf-8"), "providers.yaml"))) == []


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("**.comcast.net", "c-73-1-2-3.hsd1.ca.comcast.net"),
        ("*.aruba.it", None),
        ("**.aruba.it", "mail.customer.aruba.it"),
        ("mx.*.free.fr", "mx.customer.free.fr"),
        ("s*.home.pl", "serwer12345.home.pl"),
        ("*.timeweb.ru", "customer.timeweb.ru"),
        ("mx*.timeweb.ru", None),
    ],
)
def test_a_name_that_a_customer_of_the_provider_has_is_reported(pattern: str, host: str | None) -> None:
    """The message names the row, the field and the customer's machine."""
    messages = found(isp=entry(mx=[pattern]))

    expected = f"isp: mx: a customer's machine could be called {host}, and a pattern takes it in"
    assert (expected in messages) if host else not messages


@pytest.mark.parametrize(
    "changes",
    [
        {"mx": ["*.example.net", {"suffix": "example.net", "kind": "shared"}]},
        {"mx": ["*.example.net"], "customers": ["vm-*.example.net"]},
        {"mx": ["*.example.net"], "domains": ["example.net"], "kind": "isp"},
    ],
    ids=["shared", "rented", "access"],
)
def test_where_customers_have_names_a_pattern_has_to_say_more(changes: dict[str, Any]) -> None:
    """Below such a domain, what customers anywhere are given must not fit; a pattern of exchangers alone is fine."""
    flat = [name for name in (*GIVEN, "customer", "customer-test") if "." not in name]

    reported = found(isp=entry(**changes))

    assert len(reported) == len(flat)
    assert all(any(f" {name}.example.net," in message for message in reported) for name in flat)
    assert found(isp=entry(**{**changes, "mx": ["mx*.example.net", *changes["mx"][1:]]})) == []


def test_a_machine_that_the_table_knows_as_rented_is_no_problem() -> None:
    """Below a pattern of rented machines, no MX pattern counts."""
    rented = found(hoster=entry(mx=["**.your-server.de"], customers=["**.clients.your-server.de"]))

    assert not any("clients" in message for message in rented)


def test_a_problem_ends_make_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 1, so that it is not overlooked."""
    monkeypatch.setattr(make_table, "problems", lambda _: iter(["isp: mx: …"]))

    assert make_table.tidy(write=False, today=date(2026, 12, 1)) == 1


def test_the_names_tried_are_of_many_providers() -> None:
    """No two of the same line, and enough of them to mean something."""
    assert len(set(LOOK_ALIKES)) == len(LOOK_ALIKES) > 40
