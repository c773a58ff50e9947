"""benchmarks.coverage: which domains of public lists the table has, and that it says why it has not the others."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.coverage import BY_ONE, BY_TWO, LEFT_OUT, main, named, reasons, sets
from mailsettings.provider_table import table
from scripts.table_facts import FILES, Entry

IMAP = (("imap", "imap.example.org"),)


def entry(source: str, *domains: str, only_plain: bool = False) -> Entry:
    return Entry(source, "example", domains, IMAP, only_plain)


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ([entry("ispdb", "a.example"), entry("fairemail", "a.example")], BY_TWO),
        ([entry("ispdb", "a.example"), entry("mailspring", "a.example")], BY_ONE),
        ([entry("k9", "a.example"), entry("k9-2019", "a.example")], BY_ONE),
        ([entry("ispdb", "a.example")], None),
        ([entry("ispdb", "a.example"), entry("fairemail", "a.example", only_plain=True)], BY_ONE),
        ([entry("ispdb-removed", "a.example"), entry("mailspring", "a.example")], None),
        ([entry("ispdb-removed", "a.example"), entry("ispdb", "a.example"), entry("k9", "a.example")], BY_TWO),
        ([entry("aosp", "a.example"), entry("k9-2019", "a.example")], None),
        ([entry("ispdb", "a.example", only_plain=True), entry("bas", "a.example", only_plain=True)], None),
    ],
    ids=["two", "copy", "older", "alone", "plain-in-one", "removed", "taken-up-again", "outdated", "plain"],
)
def test_what_counts(entries: list[Entry], kind: str | None) -> None:
    """Copies count once; what was removed, is outdated or has no TLS does not count."""
    found = {name for name, domains in sets(named(entries)).items() if domains}

    assert found == ({kind} if kind else set())


def write(directory: Path, **domains: list[str]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "source": source,
            "id": "x",
            "domains": names,
            "incoming": [{"protocol": "imap", "host": "imap.example.org", "security": "tls"}],
        }
        for source, names in domains.items()
    ]
    (directory / FILES[0]).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (directory / FILES[1]).write_text("", encoding="utf-8")
    return str(directory)


def test_a_missing_domain_without_a_reason_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are printed, and the domain."""
    assert main(write(tmp_path, ispdb=["gmail.com", "new.example"], fairemail=["gmail.com", "new.example"])) == 1

    printed = capsys.readouterr().out
    assert "by two families       1 of 2 (50.0%" in printed
    assert "  without a reason: new.example\n" in printed


def test_a_complete_table_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both sets are counted."""
    assert main(write(tmp_path, ispdb=["gmail.com", "hetnet.nl"], fairemail=["gmail.com"], bas=["hetnet.nl"])) == 0
    assert "by one with TLS       1 of 1" in capsys.readouterr().out


def test_what_is_left_out_is_not_in_the_table() -> None:
    """Each domain has one reason, and none has a row."""
    left = reasons()

    assert left
    assert [domain for domain in left if table.find_domain(domain)] == []
    assert len(left) == sum(line.startswith("  - ") for line in LEFT_OUT.read_text(encoding="utf-8").splitlines())


def test_the_table_is_large_enough() -> None:
    """As many as the lists have domains that several of them name; fewer and something was lost."""
    rows = table.all_providers()

    assert sum(len(row.domains) for row in rows) >= 1200
    assert sum(len(row.mx) + len(row.shared_mx) for row in rows) >= 280


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("hetnet.nl", "kpn"),
        ("yahoo.se", "yahoo"),
        ("yahoo.co.nz", "yahoo"),
        ("yahoo.com.mx", "yahoo"),
        ("yahoo.co.jp", "yahoo-jp"),
        ("fastmail.net", "fastmail"),
        ("sent.as", "fastmail"),
        ("gmx.ca", "gmx-com"),
        ("aol.com.au", "aol"),
        ("chello.nl", "ziggo"),
    ],
)
def test_a_domain_is_its_own_company_s(domain: str, provider: str) -> None:
    """The brands of one company in many countries, and none of another company."""
    row = table.find_domain(domain)

    assert row is not None
    assert row.provider.id == provider


@pytest.mark.parametrize(
    ("host", "server", "certain"),
    [
        ("al-ip4-mx-vip1.prodigy.net", "imap.mail.att.net", True),
        ("ff-ip4-mx-vip2.prodigy.net", "imap.mail.att.net", True),
        ("adsl-1-2-3-4.dsl.prodigy.net", "imap.mail.att.net", False),
        ("zonemx.eu", "imap.zone.eu", True),
        ("customer.zone.eu", "imap.zone.eu", False),
        ("mx1.sg.aliyun.com", "imap.sg.aliyun.com", True),
        ("mx2.qiye.aliyun.com", "imap.qiye.aliyun.com", True),
        ("mx.zoho.eu", "imappro.zoho.eu", True),
        ("mx3.zoho.in", "imappro.zoho.in", True),
        ("mx2.zoho.com.au", "imappro.zoho.com.au", True),
        ("mx.zoho.jp", "imap.zoho.jp", True),
        ("mx.zohocloud.ca", "imap.zohocloud.ca", True),
        ("mx.zoho.sa", "imappro.zoho.sa", True),
        ("mx00.mail.com", "imap.mail.com", True),
    ],
)
def test_exchangers_of_regions_and_isps(host: str, server: str, certain: bool) -> None:
    """Each region has servers of its own; a name that customers can have proves nothing."""
    found = table.find_mx(host, domain="example.com")

    assert found is not None
    assert (found.row.incoming[0].endpoint.host, found.certain) == (server, certain)


def test_every_region_of_zoho_has_the_same_first_steps() -> None:
    """Two-step verification and switched-off IMAP are the same everywhere."""
    hints = {
        row.provider.id: {hint.id for hint in row.provider.hints}
        for row in table.all_providers()
        if row.provider.id.startswith("zoho")
    }

    assert len(hints) >= 12
    assert [name for name, ids in hints.items() if not ids >= {"app_password_2fa", "enable_imap"}] == []
