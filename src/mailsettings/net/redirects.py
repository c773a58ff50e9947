"""Which URLs may be fetched, and where a redirect may lead."""

from __future__ import annotations

import httpx

from mailsettings.errors import Kind, NetworkError
from mailsettings.policy import Policy

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_URL = 2000  # characters, as Let's Encrypt's validation reads at most
_PORTS = {"https": 443, "http": 80}


def check_url(text: str, policy: Policy) -> httpx.URL:
    """Return *text* as a URL that may be fetched; its host is checked when it is dialled.

    Raises NetworkError(DENIED | HTTP_FAILED).
    """
    try:
        url = httpx.URL(text[: MAX_URL + 1]).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise NetworkError(Kind.HTTP_FAILED, f"{text[:200]!a} is no URL") from error
    if objection := _objection(url, policy):
        raise NetworkError(Kind.DENIED, objection)
    return url


def _objection(url: httpx.URL, policy: Policy) -> str | None:
    """Say why *url* must not be fetched, or None."""
    port = url.port or _PORTS.get(url.scheme)
    if port is None:
        return f"{url.scheme!r} is neither https nor http"
    if url.scheme == "http" and not policy.allow_http:
        return "http is not allowed"
    if port not in policy.web_ports:
        return f"port {port} is not one of documents"
    if url.userinfo:
        return "the URL has a user name"  # it is for a login, or to make another host look like this one
    return f"the URL has more than {MAX_URL} characters" if len(str(url)) > MAX_URL else None


def next_url(hops: list[httpx.URL], location: str, policy: Policy) -> httpx.URL:
    """Return where the last of *hops* leads by *location* (RFC 9110 §10.2.2).

    Raises NetworkError: INSECURE_REDIRECT for http after https, HTTP_FAILED for loops, too many, or no target, DENIED.
    """
    try:
        target = hops[-1].join(location[: MAX_URL + 1])
    except httpx.InvalidURL as error:
        raise NetworkError(Kind.HTTP_FAILED, f"redirect to {location[:200]!a}, which is no URL") from error
    url = check_url(str(target), policy)
    if hops[-1].scheme == "https" and url.scheme != "https":
        raise NetworkError(Kind.INSECURE_REDIRECT, f"from https to {str(url)[:200]!a}")
    if url in hops:
        raise NetworkError(Kind.HTTP_FAILED, f"redirects lead back to {str(url)[:200]!a}")
    if len(hops) > policy.max_redirects:
        raise NetworkError(Kind.HTTP_FAILED, f"more than {policy.max_redirects} redirects")
    return url
