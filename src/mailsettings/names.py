"""Which host names a certificate is valid for (RFC 9525 §6.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable


def name_matches(host: str, names: Iterable[str]) -> bool:
    """Say whether a certificate with these DNS *names* is for *host*.

    Only DNS names count, never the common name. A wildcard stands for exactly one whole left-most label, and not
    directly below a top-level domain: `*.example.org` is for `imap.example.org`, not for `example.org` or
    `a.b.example.org`.
    """
    wanted = host.lower().removesuffix(".")
    _, _, parent = wanted.partition(".")
    wildcard = f"*.{parent}" if "." in parent else None
    return any(name.lower() in (wanted, wildcard) for name in names)
