"""data/providers.yaml as a whole: what must be true of every row."""

import datetime
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types, and its stubs are no dependency of ours
import pytest
import yaml
from publicsuffixlist import PublicSuffixList

from mailsettings import hostnames
from mailsettings.hostnames import matches
from mailsettings.model import Security
from mailsettings.provider_table import table
from mailsettings.provider_table.compiler import compile_customers, compile_table, split_pattern
from mailsettings.provider_table.document import json_schema, read_bundled
from mailsettings.provider_table.rows import Row
from mailsettings.provider_table.table import Table
from scripts.table_text import header_of, write_table
from tests.support.provider_tables import example_of

DATA = Path(__file__).parents[2] / "data"
TEXT = (DATA / "providers.yaml").read_text(encoding="utf-8")
# A service of the same company with servers of its own has the longer fixed end.
INSIDE_ANOTHER = {("*.mail.gm0.yahoodns.net", "**.yahoodns.net")}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return read_bundled(TEXT, "data/providers.yaml")


@pytest.fixture(scope="module")
def rows(document: dict[str, Any]) -> tuple[Row, ...]:
    return Table.compiled(document, "providers.yaml").all_providers()


def test_the_file_is_in_its_form(document: dict[str, Any]) -> None:
    """Sorted, one fact a line: `make table` would change nothing."""
    assert write_table(document, header_of(TEXT)) == TEXT


def test_the_schema_is_the_model_s(document: dict[str, Any]) -> None:
    """Editors check against the same rules, as far as JSON Schema can say them."""
    assert (DATA / "providers.schema.json").read_text() == json_schema()
    jsonschema.validate(document, json.loads(json_schema()))


def test_the_patterns_of_rented_machines_are_the_table_s(document: dict[str, Any]) -> None:
    """hostnames.py reads a file of its own; `make table` has written it."""
    path = Path(hostnames.__file__).with_name("provider_table") / "customers.txt"

    assert path.read_text(encoding="ascii") == compile_customers(document)


def test_ids_are_sorted() -> None:
    """A provider is where one looks for it."""
    ids = list(yaml.safe_load(TEXT)["providers"])

    assert ids == sorted(ids)


def test_the_popular_providers_are_there(rows: tuple[Row, ...]) -> None:
    """Fewer rows than this and something was lost."""
    assert len(rows) >= 350


def test_no_domain_is_a_public_suffix(rows: tuple[Row, ...]) -> None:
    """Under a public suffix live strangers."""
    suffixes = PublicSuffixList(only_icann=True)
    names = {name for row in rows for name in (*row.domains, *row.shared_mx, *row.hosts)}
    names |= {split_pattern(pattern)[0] for row in rows for pattern in (*row.mx, *row.customers)}

    assert {name for name in names if suffixes.publicsuffix(name) == name} == set()


def test_no_mx_pattern_takes_in_another_s(rows: tuple[Row, ...]) -> None:
    """**.outlook.com would mix up the consumer service and the companies' one."""
    patterns = {(pattern, row.provider.id) for row in rows for pattern in row.mx}

    inside = {
        (inner, outer)
        for (inner, owner), (outer, other) in permutations(patterns, 2)
        if owner != other and matches(example_of(inner), outer)
    }
    assert inside == INSIDE_ANOTHER


def test_every_mx_pattern_leads_to_its_row(rows: tuple[Row, ...]) -> None:
    """No customer's machine, and no longer pattern of another row, is in its way."""
    found = {(row.provider.id, name): table.find_mx(example_of(name)) for row in rows for name in row.mx}

    wrong = {key for key, each in found.items() if not each or (each.row.provider.id, each.certain) != (key[0], True)}
    assert wrong == set()


def test_every_shared_suffix_leads_to_its_row_without_certainty(rows: tuple[Row, ...]) -> None:
    """What a customer could name as exchanger is found, and proves nothing."""
    found = {(row.provider.id, name): table.find_mx(f"imap.customer.{name}") for row in rows for name in row.shared_mx}

    wrong = {key for key, each in found.items() if not each or (each.row.provider.id, each.certain) != (key[0], False)}
    assert wrong == set()


def test_rows_at_the_servers_of_another_name_its_exchangers(rows: tuple[Row, ...]) -> None:
    """Mail of cox.net is received by Yahoo, whose servers it has: its own MX record does not contradict the row."""
    hosts = {row.provider.id: {server.endpoint.host for server in row.incoming} for row in rows}
    missing = {
        (row.provider.id, other.provider.id)
        for row, other in permutations(rows, 2)
        if row.domains and not row.mx and other.mx and other.provider.kind != "hosting"
        if hosts[row.provider.id] & hosts[other.provider.id] and other.provider.id not in row.received_by
    }
    assert missing == set()


def test_every_row_has_a_source_and_a_date(rows: tuple[Row, ...]) -> None:
    """Each row states where it comes from and how old it is."""
    assert [row.provider.id for row in rows if not row.source] == []
    assert all(datetime.date.fromisoformat(row.checked) >= datetime.date(2026, 1, 1) for row in rows)


def test_plain_servers_are_few_and_have_a_reason(rows: tuple[Row, ...]) -> None:
    """A row that knows nothing better is kept and marked; its servers are never chosen."""
    plain = {
        row.provider.id
        for row in rows
        for server in (*row.incoming, *row.outgoing)
        if server.endpoint.security is Security.PLAIN and server.reason
    }
    assert plain == {"netzero", "peoplepc", "tiscali-cz"}


def test_obsolete_hosts_lead_to_hosts_in_use(rows: tuple[Row, ...]) -> None:
    """What is replaced is used nowhere, and what replaces it is."""
    used = {server.endpoint.host for row in rows for server in (*row.incoming, *row.outgoing)}
    old = {host for row in rows for host, _ in row.obsolete}
    new = {host for row in rows for _, host in row.obsolete}

    assert (old & used, new - used) == (set(), set())


def test_every_hint_says_something(rows: tuple[Row, ...]) -> None:
    """An id for programs, a text for people, and the name of the provider filled in."""
    texts = [hint.text for row in rows for hint in row.provider.hints]

    assert [text for text in texts if not text.endswith(".") or "{" in text] == []


def test_tokens_come_over_https_from_the_issuer_s_company(rows: tuple[Row, ...]) -> None:
    """Where a user signs in is pinned here; a mistake would be a phishing page."""
    registrable = PublicSuffixList(only_icann=True).privatesuffix
    places = {
        (oauth.issuer, registrable(url.split("/")[2]))
        for row in rows
        if (oauth := row.provider.oauth) is not None
        for url in (oauth.auth_url, oauth.token_url)
    }
    assert places == {
        ("accounts.google.com", "google.com"),
        ("accounts.google.com", "googleapis.com"),
        ("auth.tb.pro", "tb.pro"),
        ("comcast.net", "xfinity.com"),
        ("login.aol.com", "aol.com"),
        ("login.microsoftonline.com", "microsoftonline.com"),
        ("login.yahoo.com", "yahoo.com"),
        ("o2.mail.ru", "mail.ru"),
        ("oauth.yandex.com", "yandex.com"),
        ("www.fastmail.com", "fastmail.com"),
    }


def test_no_client_ids(rows: tuple[Row, ...]) -> None:
    """They belong to applications, not to a list of providers."""
    assert "client_id" not in TEXT
    assert "client_secret" not in TEXT


def test_popular_domains_are_known(document: dict[str, Any]) -> None:
    """Only domains that are in the table are suggested as "did you mean"."""
    known = {domain for entry in document["providers"].values() for domain in entry.get("domains", ())}

    assert set(document["popular"]) <= known


def test_the_compiled_table_is_small(document: dict[str, Any]) -> None:
    """It is read whole, once per process: 1 MB at most."""
    assert len(compile_table(document)) < 1_000_000
