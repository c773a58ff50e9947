"""Read recorded texts of providers: is each classified as it was by hand? `python -m benchmarks.replies FILE …`.

Of tests/diagnosis/replies.jsonl 30 % are set aside by a hash of their text: phrases are written for the others, and the
rate on those set aside is printed by itself.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from time import perf_counter

from mailsettings.diagnosis.catalogue import FINDINGS_BY_CODE
from mailsettings.diagnosis.replies import meanings
from mailsettings.protocols.fingerprint import protocol_of

# The ids of the provider table for the names of the recording.
PROVIDERS = {
    "Gmail": "gmail",
    "Microsoft 365 / Outlook.com": "microsoft-365",
    "Yahoo": "yahoo",
    "Yahoo / AOL / AT&T": "yahoo",
    "AOL": "aol",
    "iCloud": "icloud",
    "GMX / Web.de / mail.com": "gmx-net",
    "GMX / Web.de": "gmx-net",
    "Yandex": "yandex",
    "Mail.ru / VK": "mail-ru",
    "Zoho": "zoho-com",
    "Fastmail": "fastmail",
    "QQ Mail": "qq",
    "NetEase 163/126/yeah": "netease-163",
}
# Words of the recording that have another name here, or stand for several causes.
CAUSES = {
    "bad_credentials_or_basic_auth_disabled": {"bad-credentials", "basic-auth-disabled"},
    "imap_disabled_or_limited": {"imap-disabled", "too-many-connections"},
    "bad_credentials_or_access_disabled": {"bad-credentials", "access-disabled"},
    "bad_credentials_or_imap_disabled": {"bad-credentials", "imap-disabled"},
    "login_disabled_before_tls": {"tls-required"},
}

Row = dict[str, str]


SET_ASIDE = 77  # of 256 values of the first byte of the hash: 30 %


def set_aside(row: Row) -> bool:
    """Say whether no phrase may be written for *row*: it measures how far the others reach."""
    return hashlib.sha256(row["text"].encode()).digest()[0] < SET_ASIDE


def read(row: Row) -> Row:
    """Return *row* with every field that is used. KeyError without a text, ValueError for a meaning not known here."""
    meaning = row["meaning"]
    if meaning not in CAUSES and meaning.replace("_", "-") not in FINDINGS_BY_CODE:
        raise ValueError(f"no such meaning: {meaning}")
    return {"provider": "", "protocol": "any", **row, "text": row["text"]}


def wrong(row: Row) -> str:
    """Return what is wrong with the reading of *row*, or nothing."""
    wanted = CAUSES.get(row["meaning"], {row["meaning"].replace("_", "-")})
    protocol = row["protocol"] if row["protocol"] in ("imap", "pop3", "smtp", "oauth") else "any"
    found = meanings(row["text"], protocol, provider=PROVIDERS.get(row.get("provider", ""), ""))
    codes = [code for code, _ in found]
    if row["meaning"] == "wrong_protocol_on_port":
        # Not a reply but a greeting: the first line alone says whose it is.
        named = protocol_of(row["text"].encode()).lower()
        return "" if named and named != row["protocol"] else f"greeting taken for {named!r}"
    if not wanted <= set(codes):
        return f"{codes}, not {sorted(wanted)}"
    return "" if codes[0] in wanted else f"{codes[0]} before {sorted(wanted)}"


def ambiguous(row: Row) -> bool:
    """Say whether causes of different groups are returned for *row*."""
    found = meanings(row["text"], row["protocol"], provider=PROVIDERS.get(row.get("provider", ""), ""))
    return len({FINDINGS_BY_CODE[code].group for code, _ in found}) > 1


def run(rows: list[Row]) -> int:
    """Print how many of *rows* are read rightly; return how many are not."""
    started = perf_counter()
    faults = [(row, fault) for row in rows if (fault := wrong(row))]
    seconds = perf_counter() - started
    both = sum(map(ambiguous, rows))
    print(
        f"{len(rows)} texts of providers, {len(rows) - len(faults)} right, "
        f"{both} with causes of two kinds, {seconds:.2f} s"
    )
    for row, fault in faults:
        print(f"  {row.get('provider', row['protocol'])} {row['text'][:60]!r}: {fault}")
    return len(faults)


def print_rates(rows: list[Row]) -> None:
    """Print how *rows* are read: those set aside, the ones of these read after most phrases were written, the rest."""
    aside = list(filter(set_aside, rows))
    later = [row for row in aside if "read" in row]
    others = [row for row in rows if not set_aside(row)]
    for name, part in (("set aside", aside), ("set aside, read later", later), ("others", others)):
        right = sum(not wrong(row) for row in part)
        unknown = sum(not meanings(row["text"], row["protocol"]) for row in part)
        rate = 100 * right // max(1, len(part))
        print(f"  {name}: {right} of {len(part)} right ({rate} %), {unknown} unknown")


def main(files: list[str]) -> int:
    """Read each of *files*; return how many texts are read wrongly."""
    faults = 0
    for name in files:
        rows = [read(json.loads(line)) for line in Path(name).read_text(encoding="utf-8").splitlines()]
        faults += run(rows)
        print_rates(rows)
    return faults


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
