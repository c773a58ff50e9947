"""Typos and look-alikes: which well-known domain may have been meant. Pure; a question, never applied.

suggestion("gmial.com", POPULAR)          ->  "gmail.com"
confusable_with("xn--gmal-nza.com")    ->  "gmail.com"     (gmaıl.com, with a dotless i)
imitated("imap.rnyfirm.example", "rnyfirm.example", "myfirm.example")  ->  "myfirm.example"
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from mailsettings.address import EmailAddress
from mailsettings.hostnames import registrable, unicode_host
from mailsettings.provider_table import table

# Keys beside each other on QWERTY; on AZERTY and QWERTZ the exchanged letters are neighbours of the same ones.
_KEYBOARD_ROWS = ("1234567890-", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_MIN_NAME_LENGTH = 5  # letters; nearly every typo of a shorter name is another company's name
# Top-level domains that do not exist, as typos of those that people type most.
_MISTYPED_TLDS = {
    "com": ("con", "cmo", "ocm", "vom", "xom", "cpm", "comm", "coom", "ccom", "cim", "cok", "coj", "c0m", "conm"),
    "net": ("ner", "nte", "ent", "nett", "neet", "bet", "met", "ney", "nwt"),
    "de": ("ded", "dee", "dw", "df", "ed", "d"),
    "fr": ("frr", "ffr"),
    "org": ("ogr", "orgg", "prg", "irg", "orf"),
}
# Well-known names one letter away from a popular one (2026-11), meant more often than mistyped.
_REAL_DOMAINS = frozenset({"cloud.com", "coxmail.com"})
# Letters of Cyrillic, Greek and extended Latin that look like a Latin one (Unicode's confusables, of those that
# IDNA allows in a host name).
_CONFUSABLES = {
    "a": "аαɑ", "b": "ьƅ", "c": "сϲ", "d": "ԁđɗ", "e": "еєɛ", "f": "ғƒ", "g": "ɡգ", "h": "һħհ", "i": "іιıɩί", "j": "јϳ",
    "k": "кκ", "l": "ӏłǀɭ", "m": "м", "n": "пηո", "o": "оοσøօ", "p": "рρ", "q": "ԛգ", "r": "гř", "s": "ѕʂ", "t": "тτŧ",
    "u": "υսʋ", "v": "ѵν", "w": "ԝωա", "x": "хχ", "y": "уγү", "z": "ʐᴢ",
}  # fmt: skip
_CONFUSABLE_TABLE = {ord(letter): latin for latin, letters in _CONFUSABLES.items() for letter in letters}
_CONFUSABLE_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_DIGITS = str.maketrans("015i", "olsl")


def suggest(address: EmailAddress) -> str:
    """Return the address that may have been meant instead of *address*, to ask the user about; empty if none."""
    if table.find_domain(address.domain) is not None:
        return ""
    meant = suggestion(address.domain, table.bundled().popular())
    return f"{address.local}@{meant}" if meant else ""


def suggestion(domain: str, popular: Iterable[str]) -> str:
    """Return the first of *popular* that *domain* is a single typo of; empty if there is none.

    A typo is two letters exchanged, one left out, one doubled or one struck beside the right key (Damerau 1964).
    """
    names = tuple(popular)
    if domain in names or domain in _REAL_DOMAINS:
        return ""
    # No typo makes a name longer or shorter by more than a letter.
    near = (name for name in names if abs(len(name) - len(domain)) <= 1)
    return next((name for name in near if _is_typo(domain, name)), "")


def confusable_with(domain: str) -> str:
    """Return the domain of the table that *domain*, A-labels, looks like without being it; empty if there is none."""
    if table.find_domain(domain) is not None:
        return ""
    twin = latin(unicode_host(domain))
    if twin != domain and table.find_domain(twin) is not None:
        return twin
    if len(twin.partition(".")[0]) < _MIN_NAME_LENGTH:
        return ""  # rnx.de is not taken for gmx.de
    skeleton = _skeleton(twin)
    return next((name for name in table.bundled().popular() if _skeleton(name) == skeleton), "")


def imitated(host: str, group: str, own: str) -> str:
    """Return the well-known domain, or the address's *own* one, that *host* looks like without being inside it.

    *group* is the registrable domain of *host*; all are A-labels. Empty if there is none, and for mail domains of the
    table.
    """
    if table.find_domain(group) is not None or table.host_provider(host) is not None:
        return ""
    popular = table.bundled().popular()
    if (
        twin := confusable_with(group)
        or suggestion(group, popular)
        or _leading_name(host, popular)
        or _leading_server(host)
    ):
        return twin
    return own if group != own and (_reads_like(group, own) or _is_typo(group, own)) else ""


def _leading_name(host: str, names: Iterable[str]) -> str:
    """Return that of *names* with which *host* begins before it goes on: imap.gmail.com.evil.example.

    A hoster names machines of its own mail.de.hoster.example; short names are left out.
    """
    long = (name for name in names if len(name.partition(".")[0]) >= _MIN_NAME_LENGTH)
    return next((name for name in long if f".{name}." in f".{host}"), "")


def _leading_server(host: str) -> str:
    """Return the domain of a server in the table with whose name *host* begins: outlook.office365.com.evil.example."""
    labels = host.split(".")
    # Of three labels or more: a hoster names machines after its customers, whose domains mostly have two.
    beginnings = (".".join(labels[:count]) for count in range(len(labels) - 1, 2, -1))
    return next((registrable(name) for name in beginnings if table.host_provider(name) is not None), "")


def _reads_like(domain: str, other: str) -> bool:
    """Say whether *domain* and *other*, A-labels, are hard to tell apart for a reader."""
    return _skeleton(latin(unicode_host(domain))) == _skeleton(latin(unicode_host(other)))


def latin(name: str) -> str:
    """Return *name* in Latin letters without marks, as it looks to a reader (after UTS-39 §4)."""
    plain = unicodedata.normalize("NFKD", name.translate(_CONFUSABLE_TABLE))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_CONFUSABLE_TABLE)


def _skeleton(name: str) -> str:
    """Return *name* with letters that look alike made equal: 0 is o, rn is m, 1 and i are l. For comparing only."""
    for pair, letter in _CONFUSABLE_PAIRS:
        name = name.replace(pair, letter)
    return name.translate(_DIGITS)


def _is_typo(typed: str, meant: str) -> bool:
    typed_name, _, typed_end = typed.partition(".")
    meant_name, _, meant_end = meant.partition(".")
    if typed_name == meant_name:
        return _is_tld_typo(typed_end, meant_end, len(meant_name))
    if typed_end != meant_end:
        # The dot is missing or misplaced: gmailcom has no dot at all, gmai.lcom has it one letter early.
        return len(meant_name) >= _MIN_NAME_LENGTH and _is_transposition(typed, meant) and "." in typed
    return _is_name_typo(typed_name, meant_name)


def _is_tld_typo(typed: str, meant: str, letters: int) -> bool:
    """Say whether the top-level domain is mistyped. Other country codes are branches of a company, not typos."""
    if typed in _MISTYPED_TLDS.get(meant, ()):
        return True
    if letters < _MIN_NAME_LENGTH:
        return False
    first, _, rest = meant.partition(".")
    if rest:  # co.uk, com.br
        return typed == first + rest or (typed.partition(".")[2] == rest and _is_transposition(typed, meant))
    return meant == "com" and typed in ("co", "cm", "om")


def _is_name_typo(typed: str, meant: str) -> bool:
    if len(meant) < _MIN_NAME_LENGTH:
        return len(meant) == _MIN_NAME_LENGTH - 1 and _is_transposition(typed, meant)
    match len(typed) - len(meant):
        case 0:
            return _is_transposition(typed, meant) or _is_adjacent_key(typed, meant)
        case -1:
            return _is_omission(typed, meant)
        case 1:
            return _is_insertion(typed, meant)
        case _:
            return False


def _first_difference(left: str, right: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _is_transposition(typed: str, meant: str) -> bool:
    """Two neighbouring letters exchanged."""
    at = _first_difference(typed, meant)
    return (
        len(typed) == len(meant)
        and typed[at : at + 2] == meant[at : at + 2][::-1]
        and typed[at + 2 :] == meant[at + 2 :]
        and typed != meant
    )


def _is_adjacent_key(typed: str, meant: str) -> bool:
    """One letter replaced by the one of a neighbouring key."""
    at = _first_difference(typed, meant)
    return typed[at + 1 :] == meant[at + 1 :] and typed[at : at + 1] in _adjacent_keys().get(meant[at : at + 1], "")


def _is_omission(typed: str, meant: str) -> bool:
    """One letter left out."""
    at = _first_difference(typed, meant)
    return typed[at:] == meant[at + 1 :]


def _is_insertion(typed: str, meant: str) -> bool:
    """One letter too many: doubled, or of a key beside the one that was meant."""
    at = _first_difference(typed, meant)
    if typed[at + 1 :] != meant[at:]:
        return False
    around = typed[max(0, at - 1) : at] + meant[at : at + 1]
    return any(typed[at] == key or typed[at] in _adjacent_keys().get(key, "") for key in around)


@cache
def _adjacent_keys() -> dict[str, str]:
    """Return the keys around each key, the row above and below shifted by half a key."""
    keys = {(y, x): key for y, row in enumerate(_KEYBOARD_ROWS) for x, key in enumerate(row)}
    near = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))
    return {key: "".join(keys.get((y + dy, x + dx), "") for dy, dx in near) for (y, x), key in keys.items()}
