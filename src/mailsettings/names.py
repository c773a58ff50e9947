"""Which host names a certificate is valid for (RFC 9525 §6.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable


def name_matches(host: str, names: Iterable[str]) -> bool:
    """True if a certificate with the DNS *names* is valid for *host* (A-labels, lower case).

    A wildcard stands for exactly one whole label, the left-most one, above at least two others; `*.com` and
    `f*.example` match nothing.
    """
    return any(_matches(host, name.lower().removesuffix(".")) for name in names)


def _matches(host: str, name: str) -> bool:
    if "*" not in name:
        return bool(name) and host == name
    label, _, rest = name.partition(".")
    _, _, host_rest = host.partition(".")
    return label == "*" and "*" not in rest and rest.count(".") >= 1 and host_rest == rest
