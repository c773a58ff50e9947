"""What a row says of customers' own domains: neither user names nor hints of the provider's own domains."""

from collections.abc import Iterable

import pytest

from mailsettings.address import parse_address
from mailsettings.model import Authority, Claim, Evidence, Fact, Provider
from mailsettings.provider_table import table as bundled
from mailsettings.provider_table.rows import Row
from mailsettings.sources.provider_table import leads_in_table, leads_of_row
from tests.support.popular_providers import FULL, LOCAL
from tests.support.provider_tables import IMAP, SMTP, entry, example_of, table

BY_DNS = [authority for authority in Authority if not authority.by_exact_domain]
ASKED_FOR = "customer.example"

# Rows whose own domains log in with the local part: what a customer's domain logs in with, and what its owner must do.
ADDRESS_ITSELF = {
    "comcast": ("enable_imap",),
    "domeneshop": (),
    "free-fr": ("app_password",),
    "laposte": (),
    "naver": ("app_password", "enable_imap"),
    "o2-pl": ("own_network",),
    "qq": ("authorization_code", "enable_imap"),
    "web-de": ("app_password_2fa", "enable_imap"),
    "wp-pl": ("app_password", "enable_imap"),
    "yahoo-jp": ("app_password", "enable_imap"),
    "yandex": ("app_password", "enable_imap"),
}
ACCOUNT_ELSEWHERE = {
    "disroot": ("account_login",),
    "icloud": ("app_password", "account_login"),
    "mailfence": ("app_password", "account_login"),
}


def said(row: Row, authority: Authority, domain: str = ASKED_FOR) -> tuple[set[tuple[str, ...]], tuple[str, ...]]:
    """Return the user names and the hints that *row* yields for *domain*, found by *authority*."""
    leads = tuple(leads_of_row(row, Evidence(authority, "test", "test", domain=domain)))
    providers = [lead.value for lead in leads if isinstance(lead, Fact) and isinstance(lead.value, Provider)]
    usernames = {lead.usernames for lead in leads if isinstance(lead, Claim)}
    return usernames, tuple(hint.id for provider in providers for hint in provider.hints)


def made(**changes: object) -> Row:
    changes = {"usernames": [LOCAL], "hints": [{"id": "local_part_login"}], "mx": ["mx.example.net"], **changes}
    row = table(example=entry(**changes)).by_id("example")
    assert row is not None
    return row


@pytest.mark.parametrize("authority", BY_DNS, ids=lambda authority: authority.name)
def test_a_row_found_by_dns_says_what_holds_for_customers_domains(authority: Authority) -> None:
    """However DNS led there: by the exchanger, by an alias or by a weaker trace."""
    row = made(custom_domains={"usernames": ["%EMAILDOMAIN%-" + LOCAL], "hints": [{"id": "account_login"}]})

    assert said(row, authority) == ({("%EMAILDOMAIN%-" + LOCAL,)}, ("account_login",))


@pytest.mark.parametrize("authority", [Authority.OWN_TABLE, Authority.TABLE], ids=lambda authority: authority.name)
def test_a_row_of_the_exact_domain_says_what_holds_for_its_own(authority: Authority) -> None:
    """The provider's own domains keep their user names and hints."""
    row = made(custom_domains={"hints": [{"id": "account_login"}]})

    assert said(row, authority) == ({(LOCAL,)}, ("local_part_login",))


def test_a_domain_of_the_provider_is_none_of_a_customer_s() -> None:
    """Its exchanger leads to the same row as its name, and says the same."""
    row = made(domains=["example.org"], custom_domains={})

    assert said(row, Authority.MX_TABLE, "example.org") == said(row, Authority.TABLE, "example.org")


def test_without_more_words_a_customer_s_domain_logs_in_with_the_address() -> None:
    """Of an empty custom_domains nothing of the row's user names and hints remains."""
    row = made(custom_domains={}, outgoing=[{**SMTP, "usernames": [LOCAL + "-out"]}], incoming=[IMAP])

    assert said(row, Authority.MX_TABLE) == ({(FULL,)}, ())


def test_where_customers_are_not_set_apart_the_row_holds_for_them() -> None:
    """A hoster that has nothing but customers' domains says it once."""
    assert said(made(usernames=["%EMAILDOMAIN%"]), Authority.MX_TABLE) == ({("%EMAILDOMAIN%",)}, ("local_part_login",))


def test_user_names_that_cannot_be_told_from_the_address_are_empty() -> None:
    """No form of the address is offered, since it might be the login of another person."""
    assert said(made(custom_domains={"usernames": []}), Authority.MX_TABLE) == ({("",)}, ())


@pytest.mark.parametrize(
    ("name", "usernames", "hints"),
    [
        *((name, FULL, hints) for name, hints in ADDRESS_ITSELF.items()),
        *((name, "", hints) for name, hints in ACCOUNT_ELSEWHERE.items()),
    ],
)
def test_customers_of_a_provider_with_local_part_logins(name: str, usernames: str, hints: tuple[str, ...]) -> None:
    """Each such row says what holds for a domain whose exchanger is the provider's."""
    row = bundled.by_id(name)
    assert row is not None

    for host in (*map(example_of, row.mx), *(f"mx.{suffix}" for suffix in row.shared_mx)):
        found = bundled.find_mx(host, domain=ASKED_FOR)
        assert found is not None
        assert said(found.row, Authority.MX_TABLE) == ({(usernames,)}, hints)


@pytest.mark.parametrize("name", sorted(ADDRESS_ITSELF | ACCOUNT_ELSEWHERE))
def test_the_provider_s_own_domains_keep_the_local_part(name: str) -> None:
    """What is said of customers changes nothing for the domains of the row."""
    row = bundled.by_id(name)
    assert row is not None

    leads = tuple(leads_in_table(bundled.bundled(), parse_address(f"ada@{row.domains[0]}"), Authority.TABLE))

    assert any(LOCAL in names for lead in leads if isinstance(lead, Claim) for names in lead.usernames)


def test_every_row_with_a_local_part_login_and_names_in_dns_is_listed_here() -> None:
    """A new one needs a decision about customers' domains, and a line above."""
    rows = {
        row.provider.id
        for row in bundled.all_providers()
        if (row.mx or row.shared_mx) and any(LOCAL in name for name in templates(row))
    }
    assert rows == set(ADDRESS_ITSELF | ACCOUNT_ELSEWHERE)


def templates(row: Row) -> Iterable[str]:
    return (name for server in (*row.incoming, *row.outgoing) for name in server.usernames)


def test_an_apple_account_is_named_by_its_own_address() -> None:
    """The hint says which address that is, and that reading and sending differ."""
    found = bundled.find_mx("mx01.mail.icloud.com")

    assert found is not None
    *_, hint = found.row.for_custom_domain().provider.hints
    assert "icloud.com address" in hint.text
    assert "part of the address" not in hint.text
