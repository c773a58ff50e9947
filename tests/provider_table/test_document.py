"""The form of providers.yaml: what is refused, and that messages lead to the line."""

import pytest

from mailsettings.errors import TableError
from mailsettings.provider_table.document import read_bundled, read_own
from mailsettings.provider_table.table import Table
from scripts.table_text import header_of, write_table
from tests.support.provider_tables import MINIMAL, with_line

SERVER = "{protocol: imap, host: imap.example.org, port: 993, security: tls}"


def changed(old: str, new: str) -> str:
    assert old in MINIMAL
    return MINIMAL.replace(old, new)


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
    "no-such-date": (changed("2026-11-21", "2026-13-41"), None, ""),
    "hint-without-text": (with_line("hints: [{id: dance}]"), 1, "no text"),
    "receiver-that-is-no-row": (with_line("received_by: [nobody]"), 1, "'nobody' is no other row"),
    "filter-with-servers": (with_line("kind: filter"), 3, "no servers to contact"),
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


def test_own_tables_need_only_domains_and_servers() -> None:
    """A user's own file is a few lines."""
    text = f"""\
providers:
  home:
    domains: [home.test]
    incoming: [{SERVER}]
"""

    row = Table.compiled(read_own(text, "mine"), "mine").find_domain("home.test")

    assert row is not None
    assert (row.provider.name, row.incoming[0].endpoint.host) == ("home", "imap.example.org")


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
