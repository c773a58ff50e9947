"""Look-ups in a compiled table: by domain, MX suffix, trace, server host."""

import pytest

from mailsettings.model import Security
from mailsettings.provider_table.rows import Row
from tests.support.provider_tables import IMAP, SMTP, entry, table


def id_of(row: Row | None) -> str | None:
    return row.provider.id if row is not None else None


def test_a_domain_is_found_exactly() -> None:
    """The row of a domain names its servers in the order of the file."""
    row = table(example=entry(domains=["example.org"])).find_domain("example.org")

    assert row is not None
    assert [str(server.endpoint) for server in (*row.incoming, *row.outgoing)] == [
        "imap://imap.example.org:993 (tls)",
        "smtp://smtp.example.org:465 (tls)",
    ]


@pytest.mark.parametrize("domain", ["sub.example.org", "ample.org", "example.or", "org", "", "example.org 0", "d x\n"])
def test_another_domain_is_not_found(domain: str) -> None:
    """Neither subdomains nor parts of a name nor what looks like the index's own punctuation match."""
    assert table(example=entry(domains=["example.org"])).find_domain(domain) is None


def test_letter_case_and_root_dot_make_no_difference() -> None:
    """Names are compared as DNS compares them."""
    assert id_of(table(example=entry(domains=["example.org"])).find_domain("Example.ORG.")) == "example"


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("mx.example.net", "outer"),
        ("a.b.example.net", "outer"),
        ("example.net", "outer"),
        ("mx.inner.example.net", "inner"),
        ("notexample.net", None),
        ("example.net.evil.test", None),
        ("net", None),
    ],
)
def test_the_longest_mx_suffix_decides(host: str, found: str | None) -> None:
    """Suffixes end on a label boundary; a longer one belongs to another service of the same company."""
    rows = table(outer=entry(mx=["example.net"]), inner=entry(mx=["inner.example.net"]))

    assert id_of(rows.find_mx(host)) == found


def test_a_suffix_can_be_of_another_kind() -> None:
    """A hoster's forwarding-only exchangers say so, although the hoster keeps mailboxes as well."""
    rows = table(example=entry(kind="hosting", mx=[{"suffix": "fwd.example.net", "kind": "forwarder"}, "example.net"]))

    kinds = [row.provider.kind for host in ("a.fwd.example.net", "a.example.net") if (row := rows.find_mx(host))]
    assert kinds == ["forwarder", "hosting"]


def test_machines_that_customers_rent_say_nothing() -> None:
    """A mail server on a rented machine is its tenant's, not the hoster's mail service."""
    rows = table(example=entry(mx=["example.net", {"suffix": "vps.example.net", "kind": "customer"}]))

    assert id_of(rows.find_mx("mx1.example.net")) == "example"
    assert rows.find_mx("v123.vps.example.net") is None


def test_hosts_named_after_the_customer_need_the_domain() -> None:
    """mail.%EMAILDOMAIN% becomes a host once the domain is known, and is left out before."""
    own = {**IMAP, "host": "mail.%EMAILDOMAIN%"}
    rows = table(example=entry(mx=["example.net"], incoming=[own, IMAP]))

    hosts = [
        [server.endpoint.host for server in row.incoming]
        for domain in ("", "customer.test")
        if (row := rows.find_mx("mx.example.net", domain=domain)) is not None
    ]
    assert hosts == [["imap.example.org"], ["mail.customer.test", "imap.example.org"]]


def test_a_host_that_would_be_too_long_is_left_out() -> None:
    """mail. in front of the longest possible domain is no host name any more; the other servers remain."""
    own = {**IMAP, "host": "mail.%EMAILDOMAIN%"}
    rows = table(example=entry(mx=["example.net"], incoming=[own, IMAP]))

    row = rows.find_mx("mx.example.net", domain=".".join(["a" * 49] * 5) + ".test")

    assert row is not None
    assert [server.endpoint.host for server in row.incoming] == ["imap.example.org"]


def test_hosts_named_after_the_provider_s_own_domains_are_known() -> None:
    """mail.%EMAILDOMAIN% is a server of the provider for each of its domains, and for no other domain."""
    own = {**IMAP, "host": "mail.%EMAILDOMAIN%"}
    rows = table(example=entry(domains=["example.org", "example.net"], incoming=[own]))

    assert id_of(rows.host_provider("mail.example.net")) == "example"
    assert rows.host_provider("mail.customer.test") is None
    assert [server.endpoint.host for row in rows.all_providers() for server in row.incoming] == ["mail.example.org"]


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("cname", "autodiscover.example.net", "example"),
        ("spf", "_spf.example.net", "example"),
        ("ns", "ns1.example.net", "example"),
        ("ns", "autodiscover.test", None),
        ("spf", "ns1.example.net", None),
    ],
)
def test_traces_are_kept_apart(kind: str, name: str, found: str | None) -> None:
    """An SPF include says nothing about name servers, and the other way round."""
    traces = {"cname": ["autodiscover.example.net"], "spf": ["_spf.example.net"], "ns": ["example.net"]}
    rows = table(example=entry(traces=traces))

    assert id_of(rows.find_trace(kind, name)) == found


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("imap.example.org", "example"),
        ("w0123.hosts.example.net", "example"),
        ("other.example.org", None),
        ("imap.example.org.evil.test", None),
    ],
)
def test_a_server_host_leads_to_its_provider(host: str, found: str | None) -> None:
    """Only servers that the table names, and suffixes under which all hosts are the provider's own, count as known."""
    assert id_of(table(example=entry(hosts=["hosts.example.net"])).host_provider(host)) == found


def test_an_obsolete_host_names_its_successor() -> None:
    """An old program's settings can be recognised and replaced."""
    rows = table(example=entry(obsolete={"pop.example.org": "imap.example.org"}))

    assert (rows.obsolete("POP.example.org"), rows.obsolete("imap.example.org")) == ("imap.example.org", None)


def test_a_server_without_a_word_of_its_own_takes_that_of_the_provider() -> None:
    """User names and login methods are given once per provider, and per server where it differs."""
    rows = table(example=entry(usernames=["%EMAILLOCALPART%"], outgoing=[{**SMTP, "usernames": ["%EMAILADDRESS%"]}]))

    row = rows.by_id("example")
    assert row is not None
    assert (row.incoming[0].usernames, row.outgoing[0].usernames) == (("%EMAILLOCALPART%",), ("%EMAILADDRESS%",))


def test_a_plain_server_keeps_its_reason() -> None:
    """A row that has nothing better says why it is listed at all."""
    plain = {**IMAP, "port": 143, "security": "plain", "reason": "no protected way is known"}
    row = table(example=entry(incoming=[plain])).by_id("example")

    assert row is not None
    assert (row.incoming[0].endpoint.security, row.incoming[0].reason) == (Security.PLAIN, "no protected way is known")


def test_all_providers_are_listed_once() -> None:
    """The list is for `mailsettings providers`."""
    rows = table(second=entry(domains=["second.test", "third.test"]), first=entry())

    assert [row.provider.id for row in rows.all_providers()] == ["second", "first"]
