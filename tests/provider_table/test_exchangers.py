"""The mail exchangers that the benchmarks name are those of the table's rows."""

import pytest

from benchmarks.exchangers import exchangers, mx_host, providers
from mailsettings.provider_table import table

HOSTED = [(number, f"hosted{number}.example") for number in range(8 * 3)]


@pytest.mark.parametrize(("number", "domain"), HOSTED, ids=[domain for _, domain in HOSTED])
def test_an_exchanger_belongs_to_the_provider_that_the_benchmark_names(number: int, domain: str) -> None:
    """
    The MX host of each domain leads to the row it was taken from, so that the domain is found in the table.
    """
    expected = providers()[number % len(providers())].provider.id

    found = table.find_mx(mx_host(domain, number))

    assert found is not None
    assert (found.row.provider.id, found.certain) == (expected, True)


def test_every_exchanger_is_named() -> None:
    """
    Over three rounds of the providers, no host of the file is left out.
    """
    named = {mx_host("*", number) for number, _ in HOSTED}

    assert named == {host for hosts in exchangers().values() for host in hosts}
