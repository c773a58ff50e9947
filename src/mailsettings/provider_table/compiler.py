"""Compile the provider table: the plain values of the YAML -> one file of an index and JSON lines.

    mailsettings-table 2 <bytes of index>
    d gmail.com 0                          domain, trace (c cname, s spf, n ns), host (h), host suffix (f), id (i): the
    d outlook.com 812                      key, then where its row starts, in bytes after the index
    m mail.protection.outlook.com 812 *    MX name: its fixed end, the row, the pattern before the end or =, a kind
    m comcast.net 4711 ** shared           ... of all names at or below the key, those of customers included
    m hsd1.ca.comcast.net 4711 ** customer ... of machines that customers rent
    o smtp.live.com smtp-mail.outlook.com
    {"id": "gmail", ...}                   one row a line

Look-ups search the index as bytes, so that only one line is ever parsed. hatch_build.py loads this module by its path:
it imports nothing of the package, and PyYAML only in `compile_file`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from typing import Any

MAGIC = b"mailsettings-table 2"
DOMAIN_IN_HOST = "%EMAILDOMAIN%"
EXACTLY = "="  # in place of a pattern: the key itself
SHARED = "shared"  # kind of an MX suffix: its provider's customers can have names below it, too
CUSTOMER = "customer"  # kind of a pattern of machines that customers rent
TRACES = {"cname": "c", "spf": "s", "ns": "n"}


def compile_table(document: Mapping[str, Any]) -> bytes:
    """Return *document*, which document.py has checked, in its compiled form."""
    rows = [_row(name, entry, document.get("hints", {})) for name, entry in document["providers"].items()]
    rows.append({"id": "", "popular": list(document.get("popular", ()))})
    keys = [_mx_key(pattern, CUSTOMER, 0) for pattern in document.get("customers", ())]
    body = bytearray()
    for row in rows:
        keys.extend(_keys(row, len(body)))
        body += json.dumps(row, separators=(",", ":"), sort_keys=True, ensure_ascii=True).encode() + b"\n"
    index = ("\n" + "\n".join(sorted(keys)) + "\n").encode()
    return b"%b %d\n" % (MAGIC, len(index)) + index + bytes(body)


def compile_customers(document: Mapping[str, Any]) -> str:
    """Return the patterns of rented machines in *document*, one a line: the fixed end and what stands before it.

    hostnames.py reads them: to it, such machines are domains of their own.
    """
    entries = (document, *document["providers"].values())
    patterns = sorted(pattern for entry in entries for pattern in entry.get("customers", ()))
    return "".join(f"{' '.join(split_pattern(pattern))}\n" for pattern in patterns)


def split_pattern(pattern: str) -> tuple[str, str]:
    """Split the name or *pattern* into its fixed end, which is looked up, and what stands before it."""
    labels = pattern.split(".")
    count = max((number for number, label in enumerate(labels, 1) if "*" in label), default=0)
    return ".".join(labels[count:]), ".".join(labels[:count]) or EXACTLY


def _row(name: str, entry: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return *entry* with its defaults filled in."""
    title = entry.get("name") or name
    return {
        "id": name,
        "name": title,
        "kind": entry.get("kind", "mailbox"),
        "domains": list(entry.get("domains", ())),
        "mx": [_mx(item) for item in entry.get("mx", ())],
        "traces": {kind: list(entry.get("traces", {}).get(kind, ())) for kind in TRACES},
        "hosts": list(entry.get("hosts", ())),
        "incoming": [_server(server, entry) for server in entry.get("incoming", ())],
        "outgoing": [_server(server, entry) for server in entry.get("outgoing", ())],
        "customers": list(entry.get("customers", ())),
        "oauth": dict(entry.get("oauth") or {}),
        "hints": [_hint(hint, title, texts) for hint in entry.get("hints", ())],
        "custom_domains": _custom_domains(entry, title, texts),
        "docs": [{"url": doc} if isinstance(doc, str) else dict(doc) for doc in entry.get("docs", ())],
        "obsolete": dict(entry.get("obsolete") or {}),
        "changes": [_change(change) for change in entry.get("changes", ())],
        "disputed": entry.get("disputed") or "",
        "received_by": list(entry.get("received_by", ())),
        "source": entry.get("source", ""),
        "checked": str(entry.get("checked", "")),
    }


def _mx(item: str | Mapping[str, Any]) -> dict[str, str]:
    if isinstance(item, str):
        return {"pattern": item, "kind": ""}
    return {"pattern": item.get("pattern") or item["suffix"], "kind": item["kind"]}


def _custom_domains(entry: Mapping[str, Any], title: str, texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what holds for customers' own domains, None if that is what holds for the provider's own.

    No user names means that they cannot be told from the address: an empty one says so.
    """
    if (own := entry.get("custom_domains")) is None:
        return None
    usernames = list(own.get("usernames", ("%EMAILADDRESS%",))) or [""]
    return {"usernames": usernames, "hints": [_hint(hint, title, texts) for hint in own.get("hints", ())]}


def _change(change: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(change.get(key) or "") for key in ("from", "until", "applies_to", "say", "url")}


def _server(server: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: server[key] for key in ("protocol", "host", "port", "security")},
        "usernames": list(server.get("usernames") or entry.get("usernames") or ("%EMAILADDRESS%",)),
        "auth": list(server.get("auth") or entry.get("auth") or ("password",)),
        "reason": server.get("reason", ""),
    }


def _hint(hint: Mapping[str, Any], title: str, texts: Mapping[str, str]) -> dict[str, str]:
    text = hint.get("text") or texts.get(hint["id"], "")
    return {"id": hint["id"], "text": text.replace("{name}", title), "url": hint.get("url", "")}


def _keys(row: Mapping[str, Any], offset: int) -> Iterator[str]:
    """List the index lines of *row*, which starts at *offset*."""
    yield f"i {row['id']} {offset}"
    if not row["id"]:
        return
    yield from (f"d {domain} {offset}" for domain in row["domains"])
    yield from (_mx_key(mx["pattern"], mx["kind"], offset) for mx in row["mx"])
    yield from (_mx_key(pattern, CUSTOMER, offset) for pattern in row["customers"])
    for kind, letter in TRACES.items():
        yield from (f"{letter} {suffix} {offset}" for suffix in row["traces"][kind])
    yield from (f"h {host} {offset}" for host in sorted(set(_hosts(row))))
    yield from (f"f {suffix} {offset}" for suffix in row["hosts"])
    yield from (f"o {old} {new}" for old, new in row["obsolete"].items())


def _mx_key(pattern: str, kind: str, offset: int) -> str:
    tail, before = (pattern, "**") if kind == SHARED else split_pattern(pattern)
    return f"m {tail} {offset} {before} {kind}".rstrip()


def _hosts(row: Mapping[str, Any]) -> Iterator[str]:
    """List the server hosts of *row*, those named after the domain once for each of its own domains."""
    for host in (server["host"] for server in (*row["incoming"], *row["outgoing"])):
        domains = row["domains"] if DOMAIN_IN_HOST in host else ("",)
        yield from (host.replace(DOMAIN_IN_HOST, domain) for domain in domains)


def compile_file(source: str, target: str) -> None:
    """Compile the YAML file *source* into *target*, atomically: readers see the old file or the new one."""
    import tempfile
    from pathlib import Path

    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(Path(source).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=Path(target).parent, delete=False) as draft:
        draft.write(compile_table(document))
    Path(draft.name).chmod(0o644)  # temporary files are private, the package is readable by all
    Path(draft.name).replace(target)
