"""Redirects: which URLs are fetched and which are refused."""

from __future__ import annotations

import pytest

from mailsettings import Policy
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.http import MAX_URL, check_url, next_url


def refusal(hops: list[str], location: str) -> NetworkError:
    """Return why nobody goes from the last of *hops* to *location*."""
    with pytest.raises(NetworkError) as caught:
        next_url([check_url(hop, Policy()) for hop in hops], location, Policy())
    return caught.value


def test_a_redirect_back_is_named() -> None:
    """It is not followed until their number is used up."""
    assert "lead back" in refusal(["https://a.example/x", "https://a.example/y"], "/x").seen


def test_what_is_no_url_is_a_failure_of_the_page() -> None:
    """And no mistake of ours."""
    assert refusal(["https://a.example/"], "https://[::1/x").kind is FailureKind.HTTP_FAILED


def test_the_longest_url_is_fetched() -> None:
    """As long as MAX_URL says."""
    url = "https://a.example/".ljust(MAX_URL, "x")

    assert str(check_url(url, Policy())) == url


@pytest.mark.parametrize("url", ["https://[::1", "https://a.example.org/\x00"])
def test_what_is_no_url_is_refused_as_such(url: str) -> None:
    """Whatever httpx has against it, the failure is one of ours."""
    with pytest.raises(NetworkError) as caught:
        check_url(url, Policy())

    assert caught.value.kind is FailureKind.HTTP_FAILED


def test_a_longer_url_is_refused_and_not_cut() -> None:
    """One character more."""
    assert refusal(["https://a.example/"], "https://a.example/".ljust(MAX_URL + 1, "x")).kind is FailureKind.DENIED
