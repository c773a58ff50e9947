"""What the words of servers mean."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _parser  # the standard library's own, without a public name since 3.11
from typing import Any

import pytest

import mailsettings.diagnosis
import mailsettings.login
import mailsettings.protocols
from mailsettings.diagnosis.catalogue import FINDINGS_BY_CODE
from mailsettings.diagnosis.replies import MAX_TEXT, ReplyRule, meanings, refusal_findings, rules
from mailsettings.model import Confidence, Hint, Link, Protocol, Provider

LIKELY, POSSIBLE = Confidence.LIKELY, Confidence.POSSIBLE


def codes(text: str, protocol: str = "imap", provider: str = "", hints: tuple[str, ...] = ()) -> list[str]:
    return [code for code, _ in meanings(text, protocol, provider=provider, hints=hints)]


@pytest.mark.parametrize(
    ("text", "protocol", "wanted"),
    [
        ("NO [AUTHENTICATIONFAILED] sorry", "imap", "bad-credentials"),
        ("NO [EXPIRED] sorry", "imap", "password-expired"),
        ("NO [PRIVACYREQUIRED] sorry", "imap", "tls-required"),
        ("NO [CONTACTADMIN] sorry", "imap", "policy-blocked"),
        ("NO [UNAVAILABLE] sorry", "imap", "server-fault"),
        ("NO [LIMIT] sorry", "imap", "too-many-connections"),
        ("NO [INUSE] sorry", "imap", "mailbox-locked"),
        ("NO [OVERQUOTA] sorry", "imap", "over-quota"),
        ("-ERR [IN-USE] sorry", "pop3", "mailbox-locked"),
        ("-ERR [LOGIN-DELAY] sorry", "pop3", "rate-limited"),
        ("-ERR [SYS/TEMP] sorry", "pop3", "server-fault"),
        ("-ERR [AUTH] sorry", "pop3", "bad-credentials"),
        ("535 5.7.8 sorry", "smtp", "bad-credentials"),
        ("534-5.7.9 sorry\n534 5.7.9 really", "smtp", "mechanism-required"),
        ("538 sorry", "smtp", "tls-required"),
        ("552 5.2.2 sorry", "smtp", "over-quota"),
    ],
)
def test_codes_have_the_meaning_of_their_rfc(text: str, protocol: str, wanted: str) -> None:
    """
    Where the words are nobody's, the code speaks.
    """
    assert codes(text, protocol) == [wanted]


@pytest.mark.parametrize(
    ("text", "protocol", "wanted"),
    [
        ("NO [ALERT] Application-specific password required: https://…", "imap", ["app-password-required"]),
        ("534-5.7.9 Application-specific password required.", "smtp", ["app-password-required"]),
        ("NO [WEBALERT https://…] Web login required.", "imap", ["web-login-required"]),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "smtp", ["basic-auth-disabled"]),
        ("535 5.7.139 …, SmtpClientAuthentication is disabled for the Tenant.", "smtp", ["smtp-auth-disabled"]),
        (
            "-ERR Please use full email address as user name.",
            "pop3",
            ["username-must-be-full-address", "bad-credentials"],
        ),
        ("NO LOGIN failed.", "imap", ["bad-credentials", "basic-auth-disabled"]),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", "imap", ["too-many-connections"]),
    ],
)
def test_words_are_more_exact_than_codes(text: str, protocol: str, wanted: list[str]) -> None:
    """
    All causes that the words leave open, the likeliest first.
    """
    assert codes(text, protocol) == wanted


def test_one_cause_among_several_is_never_certain() -> None:
    """
    Microsoft's four words stand for two causes: the second is named, and said to be possible only.
    """
    found = meanings("NO AUTHENTICATE failed.", "imap")

    assert found == (("bad-credentials", LIKELY), ("basic-auth-disabled", POSSIBLE))


def test_a_contradiction_between_words_and_code_is_said() -> None:
    """
    UNAVAILABLE is about a trouble that passes, "suspended" is not: both are returned.
    """
    assert codes("NO [UNAVAILABLE] Your account has been suspended") == ["account-locked", "server-fault"]


def test_the_same_words_mean_more_at_a_provider_that_wants_app_passwords() -> None:
    """
    The provider table knows that the account's own password never works there.
    """
    text = "NO [AUTHENTICATIONFAILED] Authentication failed."

    assert codes(text) == ["bad-credentials"]
    assert codes(text, hints=("app_password",)) == ["app-password-required", "bad-credentials"]
    assert codes(text, provider="icloud") == ["app-password-required", "bad-credentials"]


def test_a_forwarding_address_is_thought_of_where_the_provider_has_them() -> None:
    """
    Gandi's page: "you may be trying to add a forwarding address instead of a mailbox".
    """
    assert codes("-ERR Authentication failed.", "pop3", hints=("mailbox_needed",)) == [
        "bad-credentials",
        "mailbox-needed",
    ]


RECORDED = Path(__file__).with_name("replies.jsonl")


def recorded() -> list[dict[str, str]]:
    return [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def test_recorded_replies_have_a_source_and_a_known_meaning() -> None:
    """
    Where each was read, so that anyone can look it up, and no text twice.
    """
    rows = recorded()

    assert all(row["source"].startswith("https://") and row["protocol"] in ("imap", "pop3", "smtp") for row in rows)
    assert {row["meaning"] for row in rows} <= set(FINDINGS_BY_CODE)
    assert len({(row["text"], row["protocol"]) for row in rows}) == len(rows)


def test_recorded_replies_are_read_rightly() -> None:
    """
    The first cause is the one that was found by hand; single texts may change, the rate must not fall.
    """
    rows = recorded()

    right = [row for row in rows if codes(row["text"], row["protocol"])[:1] == [row["meaning"]]]

    assert len(right) >= 0.95 * len(rows)


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("NO Benutzername oder Passwort ungültig", "imap"),
        ("NO Identifiant ou mot de passe invalide", "imap"),
        ("-ERR Contraseña incorrecta", "pop3"),
        ("NO Usuário ou senha inválidos", "imap"),
        ("-ERR Неверный пароль", "pop3"),
        ("-ERR 用户名或密码错误", "pop3"),
        ("NO 認証に失敗しました", "imap"),
        ("NO 비밀번호 오류", "imap"),
    ],
)
def test_a_wrong_password_is_recognised_in_other_languages(text: str, protocol: str) -> None:
    """
    Providers answer in the language of their country.
    """
    assert codes(text, protocol) == ["bad-credentials"]


def test_words_nobody_knows_have_no_meaning() -> None:
    """
    Nothing is made up.
    """
    assert meanings("NO zzz", "imap") == ()


class Counted(str):
    """A text that counts how often it is searched; each search takes as long as the text, whatever is in it."""

    __slots__ = ("searches",)
    searches: int

    def find(self, *arguments: object) -> int:
        self.searches += 1
        return str.find(self, *arguments)  # type: ignore[arg-type]  # see above


@pytest.mark.parametrize("text", ["535 5.7.139 ", "[", "5.7.139 a", "too many ", "* "])
def test_a_text_of_any_length_is_searched_once_for_each_phrase(text: str) -> None:
    """
    64 KiB made to be searched for long: as many searches as there are phrases, and no step back.
    """
    long = Counted(text * (MAX_TEXT // len(text)))
    for rule in rules():
        long.searches = 0

        rule.applies(long, next(iter(rule.protocols)))

        assert long.searches <= len(rule.phrases)


def patterns() -> list[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Return every expression with which diagnosis, login and dialogues read what servers say."""
    packages = [mailsettings.diagnosis, mailsettings.login, mailsettings.protocols]
    names = [f"{p.__name__}.{each.name}" for p in packages for each in pkgutil.iter_modules(p.__path__)]
    modules = [importlib.import_module(name) for name in names]
    found = [(f"{m.__name__}.{name}", each) for m in modules for name, each in vars(m).items()]
    return [(name, each) for name, each in found if isinstance(each, re.Pattern)]


def repeats(tree: Iterable[Any], outer: bool = False) -> Iterator[bool]:
    """Yield for each repeat without a bound whether it stands inside another one: that is what makes a search slow."""
    for operation, argument in tree:
        unbounded = "REPEAT" in str(operation) and argument[1] >= 1000
        if unbounded:
            yield outer
        for inside in _inner(argument):
            yield from repeats(inside, outer or unbounded)


def _inner(argument: Any) -> Iterator[Any]:
    if type(argument).__name__ == "SubPattern":
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from _inner(each)


def test_expressions_have_no_repeat_inside_a_repeat() -> None:
    """
    Nothing that a server says makes a search take longer than its length, times a constant.
    """
    named = patterns()

    assert len(named) > 10
    assert [name for name, each in named if any(repeats(_parser.parse(each.pattern, each.flags)))] == []
    assert list(repeats(_parser.parse("(a+b?)+"))) == [False, True]


def test_the_expressions_of_this_package_have_bounds_everywhere() -> None:
    """
    They search in the middle of texts: there even one repeat without a bound costs the square of the length.
    """
    own = [(name, each) for name, each in patterns() if ".diagnosis." in name]

    assert [name for name, each in own if list(repeats(_parser.parse(each.pattern, each.flags)))] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: " … ".join(rule.phrases)[:40])
def test_no_words_have_two_meanings_without_saying_so(rule: ReplyRule) -> None:
    """
    Each row alone: its first meaning comes first, and where there are several none of them passes for certain.
    """
    status = {"imap": "NO ", "pop3": "-ERR ", "smtp": "535 "}
    for protocol in rule.protocols & set(status):
        text = rule.phrases[0] if rule.whole else " x ".join(rule.phrases)
        found = meanings(status[protocol] + text, protocol, provider=next(iter(rule.providers), ""))

        assert found[0][0] in rule.means
        assert {confidence for _, confidence in found[1:]} <= {POSSIBLE}
        assert found[0][1] is LIKELY


def test_every_rule_leads_to_a_known_finding() -> None:
    """
    Codes, phrases in lower case, sources over https, dates.
    """
    for rule in rules():
        assert set(rule.means) <= set(FINDINGS_BY_CODE)
        assert all(phrase == phrase.lower() and phrase.strip() for phrase in rule.phrases)
        assert not rule.source or rule.source.startswith("https://")
        assert len(rule.checked.split("-")) == 3


def test_every_finding_says_what_to_do() -> None:
    """
    A sentence and the one thing to do next.
    """
    for code, known in FINDINGS_BY_CODE.items():
        assert known.text.endswith("."), code
        assert known.advice.endswith((".", "?")), code


def test_the_link_is_that_of_the_hint_about_it() -> None:
    """
    Of the provider's pages the one about this cause; the first page where there is none.
    """
    provider = Provider(
        "x",
        "X",
        hints=(Hint("app_password", "…", "https://x.example/app"), Hint("enable_imap", "…", "https://x.example/imap")),
        documentation=(Link("https://x.example/help"),),
    )

    found = list(refusal_findings("NO Your account is not enabled for IMAP use.", Protocol.IMAP, provider=provider))
    other = list(refusal_findings("NO [LIMIT] sorry", Protocol.IMAP, provider=provider))

    assert [item.link for item in (*found, *other)] == ["https://x.example/imap", "https://x.example/help"]
