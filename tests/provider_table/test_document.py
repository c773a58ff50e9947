"""The form of providers.yaml: what is refused, and that messages lead to the line."""

import pytest

from mailsettings.errors import TableError
from mailsettings.provider_table.document import read_bundled, read_own
from mailsettings.provider_table.rows import Change, Row
from mailsettings.provider_table.table import Table
from scripts.table_text import header_of, write_table
from tests.support.provider_tables import MINIMAL, with_line

SERVER = "{protocol: imap, host: imap.example.org, port: 993, security: tls}"


def changed(old: str, new: str) -> str:
    assert old in MINIMAL
    return MINIMAL.replace(old, new)


def change(old: str, new: str) -> str:
    """Return the minimal file with one change, in which *new* stands for *old*."""
    text = "changes: [{from: 2026-12-31, applies_to: POP, say: It ends., url: https://example.org/}]"
    assert old in text
    return with_line(text.replace(old, new))


REFUSED = {
    "unknown-field": (with_line("colour: red"), 12, "colour"),
    "key-twice": (with_line("name: Again"), 12, "'name' is there twice"),
    "no-yaml": (MINIMAL + "  - [", 12, ""),
    "port-as-text": (changed("port: 993", 'port: "993"'), 7, "incoming.0.port"),
    "port-too-high": (changed("port: 993", "port: 99300"), 7, "less than or equal to 65535"),
    "security-of-another-port": (changed("port: 993", "port: 465"), 7, "needs a reason"),
    "plain-without-a-reason": (changed("993, security: tls", "143, security: plain"), 7, "needs a reason"),
    "wildcard": (changed("- example.org", '- "*.example.org"'), 5, "domains.0"),
    "upper-case": (changed("- example.org", "- Example.org"), 5, "domains.0"),
    "u-label": (changed("- example.org", "- bücher.example"), 5, "domains.0"),
    "numeric-host": (changed("host: imap.example.org", "host: 127.0.0.1"), 7, "network address"),
    "local-host": (changed("host: imap.example.org", "host: imap.localhost"), 7, "this machine"),
    "unknown-placeholder": (with_line('usernames: ["%USER%"]'), 12, "usernames.0"),
    "line-break-in-a-name": (with_line('usernames: ["a\\nb"]'), 12, "usernames.0"),
    "script-as-link": (with_line('docs: ["javascript:alert(1)"]'), 12, "docs.0"),
    "smtp-among-incoming": (changed("imap, host", "smtp, host").replace("993", "465"), 3, "smtp server is among"),
    "no-source": (changed("    source: https://help.example.org/imap\n", ""), 3, "source"),
    "no-date": (changed("2026-11-21", "yesterday"), 11, "checked"),
    "no-such-date": (changed("2026-11-21", "2026-13-41"), 11, "2026-13-41"),
    "hint-without-text": (with_line("hints: [{id: dance}]"), 1, "no text"),
    "receiver-that-is-no-row": (with_line("received_by: [nobody]"), 1, "'nobody' is no other row"),
    "filter-with-servers": (with_line("kind: filter"), 3, "no servers to contact"),
    "suffix-of-no-kind": (with_line("mx: [{suffix: example.net}]"), 12, "kind"),
    "suffix-of-another-kind": (with_line("mx: [{suffix: example.net, kind: filter}]"), 12, "mx.0"),
    "pattern-that-is-shared": (with_line('mx: [{pattern: "*.example.net", kind: shared}]'), 12, "mx.0"),
    "pattern-without-a-domain": (with_line('mx: ["mx*.*.net"]'), 12, "mx.0"),
    "pattern-of-a-top-level-domain": (with_line('mx: ["*.net"]'), 12, "mx.0"),
    "two-asterisks-inside": (with_line('mx: ["mx.**.example.net"]'), 12, "** stands only before the first dot"),
    "two-asterisks-in-a-label": (with_line('mx: ["**mx.example.net"]'), 12, "** stands only before the first dot"),
    "pattern-in-upper-case": (with_line('mx: ["MX*.example.net"]'), 12, "mx.0"),
    "rented-without-an-asterisk": (with_line("customers: [vps.example.net]"), 12, "needs a *"),
    "rented-mail-domain": (with_line('customers: ["**.example.org"]'), 12, "takes in 'example.org' of 'example'"),
    "rented-server": (with_line('customers: ["im*.example.org"]'), 12, "customers.0: 'im*.example.org' takes in 'imap"),
    "server-below-a-rented-machine": (
        with_line('hosts: [a.b1.example.net]\ncustomers: ["b*.example.net"]'),
        13,
        "takes",
    ),
    "rented-exchanger": (with_line('mx: [mx.a.example.net]\ncustomers: ["**.example.net"]'), 13, "takes in"),
    "rented-from-no-row": ('customers: ["**.example.org"]\n' + MINIMAL, 1, "customers.0: '**.example.org' takes in"),
    "local-part-of-whose-domain": (with_line('mx: [a.example.net]\nusernames: ["%EMAILLOCALPART%"]'), 3, "in custom_"),
    "hint-of-whose-domain": (
        "hints: {local_part_login: Text.}\n" + with_line("mx: [mx.example.net]\nhints: [{id: local_part_login}]"),
        4,
        "custom_domains",
    ),
    "hint-for-customers-without-text": (with_line("custom_domains: {hints: [{id: dance}]}"), 1, "no text"),
    "template-for-customers": (with_line('custom_domains: {usernames: ["%USER%"]}'), 12, "custom_domains.usernames.0"),
    "change-without-a-page": (change("url: https://example.org/", ""), 12, "changes.0.url"),
    "change-without-a-word": (change("say: It ends.,", ""), 12, "changes.0.say"),
    "change-about-nothing": (change("applies_to: POP,", ""), 12, "changes.0.applies_to"),
    "change-on-no-day": (change("from: 2026-12-31", "from: soon"), 12, "changes.0.from"),
    "change-on-a-day-that-does-not-exist": (change("2026-12-31", "2026-02-30"), 12, "2026-02-30"),
    "change-that-ends-first": (
        change("say", "until: 2026-12-30, say"),
        12,
        "from 2026-12-31 is after until 2026-12-30",
    ),
    "change-with-an-unknown-field": (change("say", "colour: red, say"), 12, "changes.0.colour"),
    "disputed-without-a-word": (with_line('disputed: ""'), 12, "disputed"),
    "disputed-yes": (with_line("disputed: true"), 12, "disputed"),
    "alias": (MINIMAL.replace("name: Example Mail", "name: &n Example") + "    note: *n\n", 3, "alias"),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED)
def test_a_broken_rule_is_named_with_its_line(text: str, line: int | None, message: str) -> None:
    """An error names the line and what is wrong there."""
    with pytest.raises(TableError) as caught:
        read_bundled(text, "providers.yaml")

    where = "providers.yaml" if line is None else f"providers.yaml, line {line}: "
    assert str(caught.value).startswith(where)
    assert message in str(caught.value)


@pytest.mark.parametrize("field", ["domains", "mx", "hosts"])
def test_a_name_belongs_to_one_provider(field: str) -> None:
    """Twice the same domain or suffix: one of the two entries would never be found."""
    double = MINIMAL.replace("domains:", f"{field}:")
    text = double + double.replace("providers:\n", "").replace("  example:", "  other:")

    with pytest.raises(TableError, match=f"{field}: 'example.org' is both 'example' and 'other'"):
        read_bundled(text, "providers.yaml")


def row_with(text: str) -> Row:
    """Return the row of the minimal file with *text* added."""
    row = Table.compiled(read_bundled(with_line(text), "providers.yaml"), "providers.yaml").by_id("example")
    assert row is not None
    return row


def test_changes_have_days_and_a_page() -> None:
    """They are kept in the order of the file; what stays so has no last day."""
    row = row_with("""\
changes:
  - {from: 2027-01-01, until: 2027-01-01, applies_to: POP, say: It rests., url: "https://example.org/rest"}
  - {from: 2026-12-31, applies_to: IMAP, say: It ends., url: "https://example.org/end"}""")

    assert row.changes == (
        Change("2027-01-01", "2027-01-01", "POP", "It rests.", "https://example.org/rest"),
        Change("2026-12-31", "", "IMAP", "It ends.", "https://example.org/end"),
    )


def test_a_disputed_row_says_why() -> None:
    """Others say nothing."""
    assert (row_with("disputed: Two lists disagree.").disputed, row_with("note: All agree.").disputed) == (
        "Two lists disagree.",
        "",
    )


def test_what_holds_for_customers_domains_is_read() -> None:
    """Nothing, an empty mapping and an empty list are three statements."""
    rows = [
        row_with(f"custom_domains: {text}") for text in ("{usernames: []}", "{}", '{usernames: ["x-%EMAILADDRESS%"]}')
    ]

    found = [row.custom_domains and row.custom_domains.usernames for row in (*rows, row_with("note: Nothing."))]
    assert found == [("",), ("%EMAILADDRESS%",), ("x-%EMAILADDRESS%",), None]


@pytest.mark.parametrize(
    "text",
    [
        'mx: ["**.example.net", {suffix: example.org, kind: shared}, {pattern: "mx*.example.com", kind: forwarder}]',
        'customers: ["**.vps.example.org", "vm*.example.org"]',
        "custom_domains: {}",
        "custom_domains: {usernames: []}",
        'custom_domains: {usernames: ["%EMAILLOCALPART%"], hints: []}',
        "changes: [{from: 2026-12-31, until: 2027-01-31, applies_to: POP, say: It ends., url: 'https://example.org/'}]",
        "disputed: Two lists disagree.",
    ],
)
def test_every_field_is_written_as_it_is_read(text: str) -> None:
    """`make table` loses nothing, and a second time it changes nothing."""
    table = read_bundled(with_line(text), "providers.yaml")

    written = write_table(table)

    assert read_bundled(written, "written") == table
    assert write_table(read_bundled(written, "written")) == written


def test_machines_at_hosters_without_a_row_are_written_back() -> None:
    """Their list stands before the providers."""
    text = 'customers:\n  - "**.vps.example.net"\n' + MINIMAL

    assert write_table(read_bundled(text, "providers.yaml")) == text


def test_own_tables_need_only_domains_and_servers() -> None:
    """A user's own file is a few lines."""
    text = f"""\
providers:
  home:
    domains: [home.test]
    incoming: [{SERVER}]
"""

    row = Table.compiled(read_own(text, "mine")[0], "mine").find_domain("home.test")

    assert row is not None
    assert (row.provider.name, row.incoming[0].endpoint.host) == ("home", "imap.example.org")


@pytest.mark.parametrize(
    "host",
    ["nas.local", "mailserver", "192.168.1.10", "127.0.0.1", "localhost", '"::1"', "NAS.lan", "imap.example.org"],
)
@pytest.mark.parametrize("port", [993, 1143])
def test_servers_of_an_own_table_may_be_anywhere(host: str, port: int) -> None:
    """On the user's own machine or network, and at any port; the bundled table has public servers only."""
    server = f"{{protocol: imap, host: {host}, port: {port}, security: tls}}"
    text = f"providers:\n  home:\n    domains: [home.test]\n    incoming: [{server}]\n"

    document, problems = read_own(text, "mine")
    row = Table.compiled(document, "mine").find_domain("home.test")

    assert row is not None
    endpoint = row.incoming[0].endpoint
    assert (endpoint.host, endpoint.port, problems) == (host.strip('"').lower(), port, ())


@pytest.mark.parametrize(
    "host", ["a b.example.org", "127.1", "0x7f.1", "nas_.local", "https://nas.local", "fe80::1%eth0"]
)
def test_what_is_no_server_is_said_without_a_regular_expression(host: str) -> None:
    """Patterns are for programs; the line, the field and the value are for people."""
    server = f'{{protocol: imap, host: "{host}", port: 993, security: tls}}'
    text = f"providers:\n  Home!:\n    domains: [home.test]\n  b:\n    domains: [Ä!]\n    incoming: [{server}]\n"

    _, problems = read_own(text, "mine")

    assert [problem.partition(": ")[0] for problem in problems] == ["mine, line 3", "mine, line 5"]
    assert not [problem for problem in problems if "[a-z0-9]" in problem]


@pytest.mark.parametrize("text", ["", "[]", "providers:", "providers: 3", "null"])
def test_a_file_that_is_no_table_is_refused(text: str) -> None:
    """An empty file, too, is a slip that its writer wants to hear of."""
    with pytest.raises(TableError, match=r"^mine, line 1: "):
        read_own(text, "mine")


@pytest.mark.parametrize(
    "text",
    ['a "quoted" word', "colon: and # sign", "yes", "1.5", "2026-11-21", "%EMAILADDRESS%", "back\\slash", "ends:", "ö"],
)
def test_written_text_is_read_as_the_same_text(text: str) -> None:
    """YAML reads much of what looks like text as something else; the writer knows."""
    table = read_bundled(MINIMAL, "providers.yaml")
    table["providers"]["example"]["note"] = text

    assert read_bundled(write_table(table), "written") == table


def test_the_header_is_kept_and_other_comments_are_refused() -> None:
    """A comment inside would be lost when the file is formatted."""
    header = "# what this is\n#\n# how to use it\n"

    assert header_of(header + MINIMAL) == header
    with pytest.raises(TableError, match=r"line 3: .* is a comment"):
        header_of(MINIMAL.replace("    name: Example Mail", "    name: Example Mail  # better name?"))
