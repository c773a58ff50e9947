"""Look-ups in a compiled table: by domain, MX host, trace, server host."""

import pytest

from mailsettings.model import Security
from mailsettings.provider_table.rows import Row
from mailsettings.provider_table.table import Table
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
    ("pattern", "host", "matches"),
    [
        ("mx.example.net", "mx.example.net", True),
        ("mx.example.net", "MX.Example.NET.", True),
        ("mx.example.net", "a.mx.example.net", False),
        ("mx*.example.net", "mx.example.net", True),
        ("mx*.example.net", "mx0-1a.example.net", True),
        ("mx*.example.net", "a.mx1.example.net", False),
        ("mx*.example.net", "amx1.example.net", False),
        ("mx*.example.net", "mx.customer.example.net", False),
        ("mx*.example.net", "mx1.example.net.evil.test", False),
        ("*.example.net", "customer-test.example.net", True),
        ("*.example.net", "a.b.example.net", False),
        ("*.example.net", "example.net", False),
        ("*.example.net", ".example.net", False),
        ("*.example.net", "notexample.net", False),
        ("in*-smtp.*.example.net", "in1-smtp.eu.example.net", True),
        ("in*-smtp.*.example.net", "in1-smtp.example.net", False),
        ("**.example.net", "a.example.net", True),
        ("**.example.net", "mx.customer.test.example.net", True),
        ("**.example.net", "example.net", False),
        ("**.example.net", "notexample.net", False),
        ("**.mail*.example.net", "mx1.pub.mail12-a.example.net", True),
        ("**.mail*.example.net", "mail12.example.net", False),
        ("mx.example.net", "net", False),
        ("mx.example.net", "", False),
    ],
)
def test_an_exchanger_is_found_by_a_pattern_of_its_name(pattern: str, host: str, *, matches: bool) -> None:
    """A * stands for any part of one label, a leading ** for one label or more."""
    found = table(example=entry(mx=[pattern])).find_mx(host)

    assert (found is not None and found.certain) is matches


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("mx.example.net", "outer"),
        ("a.b.example.net", "outer"),
        ("mx.inner.example.net", "inner"),
        ("a.mx.inner.example.net", "outer"),
        ("mx9.twin.example.net", "inner"),
        ("a.twin.example.net", "outer"),
    ],
)
def test_the_longest_fixed_end_decides(host: str, found: str) -> None:
    """A longer one belongs to another service of the same company; of two equal ones, the longer pattern decides."""
    rows = table(
        outer=entry(mx=["**.example.net", "*.twin.example.net"]),
        inner=entry(mx=["*.inner.example.net", "mx*.twin.example.net"]),
    )

    exchanger = rows.find_mx(host)

    assert exchanger is not None
    assert (exchanger.row.provider.id, exchanger.certain) == (found, True)


@pytest.mark.parametrize(
    ("host", "certain"),
    [
        ("mx1.example.net", True),
        ("example.net", False),
        ("imap.customer.example.net", False),
        ("c-73-1-2-3.line.example.net", False),
        ("other.example.net", False),
    ],
)
def test_a_suffix_that_customers_share_proves_nothing(host: str, *, certain: bool) -> None:
    """The row is found, and said not to be certain, except for names that only exchangers of the provider have."""
    found = table(example=entry(mx=["mx*.example.net", {"suffix": "example.net", "kind": "shared"}])).find_mx(host)

    assert found is not None
    assert (found.row.provider.kind, found.certain) == ("mailbox", certain)


def test_a_shared_suffix_ends_on_a_label_boundary() -> None:
    """Other domains with the same last letters are other companies."""
    rows = table(example=entry(mx=[{"suffix": "example.net", "kind": "shared"}]))

    assert [rows.find_mx(host) for host in ("notexample.net", "example.net.evil.test", "net")] == [None] * 3


def test_exchangers_can_be_of_another_kind() -> None:
    """A hoster's forwarding-only exchangers say so, although the hoster keeps mailboxes as well."""
    mx = [{"pattern": "*.fwd.example.net", "kind": "forwarder"}, "*.example.net"]
    rows = table(example=entry(kind="hosting", mx=mx))

    found = [rows.find_mx(host) for host in ("a.fwd.example.net", "a.example.net")]

    assert [each and (each.row.provider.kind, each.certain) for each in found] == [
        ("forwarder", True),
        ("hosting", True),
    ]


RENTED = entry(
    mx=["**.example.net", {"suffix": "example.net", "kind": "shared"}],
    hosts=["example.net"],
    customers=["**.vps.example.net", "vm*.example.net", "**.line.*.example.net"],
)


@pytest.mark.parametrize(
    ("host", "rented"),
    [
        ("v123.vps.example.net", True),
        ("mx.v123.vps.example.net", True),
        ("vps.example.net", False),
        ("vm7.example.net", True),
        ("imap.vm7.example.net", True),
        ("c-1-2-3-4.line.ca.example.net", True),
        ("c-1-2-3-4.line.example.net", False),
        ("mx1.example.net", False),
    ],
)
def test_machines_that_customers_rent_say_nothing(host: str, *, rented: bool) -> None:
    """A mail server on a rented machine is its tenant's, not the hoster's, whatever else the row says."""
    rows = table(example=RENTED)
    row = rows.by_id("example")

    assert row is not None
    assert (rows.find_mx(host) is None, rows.host_provider(host) is None, not row.names(host)) == (rented,) * 3


def test_machines_of_hosters_without_a_row_are_rented_as_well() -> None:
    """Their patterns stand at the top of the file."""
    rows = Table.compiled({"customers": ["**.rented.example"], "providers": {"example": entry(mx=["**.example"])}}, "")

    assert rows.find_mx("a.rented.example") is None


def test_a_row_names_its_servers_and_the_hosts_under_its_suffixes() -> None:
    """Any letter case; neither a name beside them nor one that only ends with the same letters."""
    row = table(example=entry(hosts=["hosts.example.net"])).by_id("example")

    assert row is not None
    named = ("imap.example.org", "SMTP.Example.ORG.", "w1.hosts.example.net", "hosts.example.net")
    others = ("example.org", "pop.example.org", "a.imap.example.org", "xhosts.example.net")
    assert [row.names(host) for host in (*named, *others)] == [True] * 4 + [False] * 4


def test_hosts_named_after_the_customer_need_the_domain() -> None:
    """mail.%EMAILDOMAIN% becomes a host once the domain is known, and is left out before."""
    own = {**IMAP, "host": "mail.%EMAILDOMAIN%"}
    rows = table(example=entry(mx=["mx.example.net"], incoming=[own, IMAP]))

    hosts = [
        [server.endpoint.host for server in found.row.incoming]
        for domain in ("", "customer.test")
        if (found := rows.find_mx("mx.example.net", domain=domain)) is not None
    ]
    assert hosts == [["imap.example.org"], ["mail.customer.test", "imap.example.org"]]


def test_a_host_that_would_be_too_long_is_left_out() -> None:
    """mail. in front of the longest possible domain is no host name any more; the other servers remain."""
    own = {**IMAP, "host": "mail.%EMAILDOMAIN%"}
    rows = table(example=entry(mx=["mx.example.net"], incoming=[own, IMAP]))

    found = rows.find_mx("mx.example.net", domain=".".join(["a" * 49] * 5) + ".test")

    assert found is not None
    assert [server.endpoint.host for server in found.row.incoming] == ["imap.example.org"]


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
