"""A proxy as a value: what its URL may be, and where its password can never be seen."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import asdict

import pytest

from mailsettings.errors import MailSettingsError
from mailsettings.policy import Policy
from mailsettings.policy.proxy import Proxy, ProxyScheme, has_password, parse_proxy

CANARY = "kan@r:ien/vögel?"
WRITTEN = "kan%40r%3Aien%2Fv%C3%B6gel%3F"
URL = f"socks5://ada:{WRITTEN}@proxy.example.org:1081"


@pytest.mark.parametrize(
    ("text", "way", "host", "port"),
    [
        ("socks5://127.0.0.1", ProxyScheme.SOCKS5, "127.0.0.1", 1080),
        ("SOCKS5://Proxy.example.org:9050/", ProxyScheme.SOCKS5, "proxy.example.org", 9050),
        ("http://[2001:db8::1]:3128", ProxyScheme.HTTP, "2001:db8::1", 3128),
        ("http://proxy", ProxyScheme.HTTP, "proxy", 80),
        ("https://localhost", ProxyScheme.HTTPS, "localhost", 443),
    ],
)
def test_a_url_names_a_proxy(text: str, way: ProxyScheme, host: str, port: int) -> None:
    """
    By name or address, with the usual port of its kind where none is given.
    """
    assert parse_proxy(text) == Proxy(way, host, port)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:1080",
        "socks4://127.0.0.1",
        "socks5h://127.0.0.1",
        "ftp://127.0.0.1",
        "socks5://",
        "socks5://:1080",
        "socks5://bad host",
        "socks5://ho\tst",
        "socks5://münchen.example",
        "socks5://[::1",
        "socks5://[v1.x]",
        "socks5://host:99999",
        "socks5://host:0",
        "socks5://host:http",
        "socks5://host/path",
        "socks5://host?query",
        "socks5://ada@host",
        "socks5://ada:@host",
        "socks5://:secret@host",
        "socks5://a%0d%0ab:secret@host",
        "socks5://ada:a%00b@host",
        "socks5://ada:%FF@host",
        f"socks5://ada:{'x' * 256}@host",
        "http://a%3Ab:secret@host",
    ],
)
def test_what_is_no_proxy_is_refused(text: str) -> None:
    """
    Nothing is repaired: a proxy that is misunderstood would be a proxy that is gone round.
    """
    with pytest.raises(MailSettingsError):
        parse_proxy(text)


def test_a_policy_takes_the_url_and_keeps_the_value() -> None:
    """
    The text, with its password, is nowhere any more; an empty one is no proxy.
    """
    policy, without = Policy(proxy=URL), Policy(proxy="")  # type: ignore[arg-type]  # as without a type checker

    assert policy.proxy == parse_proxy(URL)
    assert without.proxy is None
    assert policy.replace(deadline=3.0).proxy == parse_proxy(URL)


def test_a_password_may_come_from_elsewhere() -> None:
    """
    For the user that the URL names; the one in the URL goes first.
    """
    assert parse_proxy("socks5://ada@host", password=CANARY).password.reveal() == CANARY
    assert parse_proxy("socks5://ada:inside@host", password=CANARY).password.reveal() == "inside"


@pytest.mark.parametrize("password", ["", "kan\udcff", "kan\n", "kan" * 100], ids=["none", "bytes", "LF", "long"])
def test_a_password_that_cannot_be_sent_is_refused(password: str) -> None:
    """
    Without showing any of it.
    """
    with pytest.raises(MailSettingsError) as caught:
        parse_proxy("socks5://ada@host", password=password)

    assert not leaks("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    ("text", "found"),
    [(URL, True), ("socks5://ada:a/b@host", True), ("socks5://ada@host:1080", False), ("socks5://host:1080", False)],
)
def test_a_password_in_a_url_is_noticed(text: str, found: bool) -> None:
    """
    Also in one that cannot be read.
    """
    assert has_password(text) is found


def leaks(text: str) -> bool:
    """Say whether *text* has the password, or a part of it, as it is or as it was written."""
    return any(part in text for part in (CANARY, WRITTEN, "kan", "gel"))


def test_the_password_prints_as_stars() -> None:
    """
    In every way in which Python prints something, alone or as a part of a policy.
    """
    proxy, policy = parse_proxy(URL), Policy(proxy=parse_proxy(URL))

    shown = [repr(proxy), str(proxy), f"{proxy!a}", proxy.name, repr(policy), str(asdict(policy)), repr(proxy.password)]
    shown += map(repr, proxy.notes(dns_past_proxy=True))

    assert proxy.password.reveal() == CANARY
    assert [text for text in shown if leaks(text)] == []
    assert str(proxy) == "socks5://ada:***@proxy.example.org:1081"


@pytest.mark.parametrize("value", [parse_proxy(URL), Policy(proxy=parse_proxy(URL))], ids=["proxy", "policy"])
def test_a_password_cannot_be_stored(value: object) -> None:
    """
    A pickle would carry it to another machine.
    """
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps(value)

    assert not leaks("".join(traceback.format_exception(caught.value)))


def test_a_proxy_without_a_login_can_be_sent_to_a_cluster() -> None:
    """
    There is nothing in it that has to stay here.
    """
    policy = Policy(proxy=parse_proxy("socks5://127.0.0.1"))

    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_copy_has_the_same_password() -> None:
    """
    A policy is copied with each change.
    """
    assert copy.deepcopy(parse_proxy(URL)) == copy.copy(parse_proxy(URL)) == parse_proxy(URL)
    assert parse_proxy(URL) != parse_proxy(URL.replace(WRITTEN, "other"))
    assert hash(Policy(proxy=parse_proxy(URL))) == hash(Policy(proxy=parse_proxy(URL)))


@pytest.mark.parametrize(
    "text",
    [
        f"{URL}:x",
        f"{URL}/path",
        f"{URL}\0",
        f"socks4{URL[6:]}",
        URL.partition("://")[2],
        f"socks5://ada:{CANARY}@host",
        f"socks5://{WRITTEN}@host",
        f"socks5://ada:{WRITTEN}%00@host",
        f"http://a%3A:{WRITTEN}@host",
        f"socks5://ada:{WRITTEN}@[::1",
        f"socks5://ada:{WRITTEN * 20}@host",
    ],
)
def test_a_refusal_says_nothing_of_the_password(text: str) -> None:
    """
    Neither the message nor what it was caused by, as a traceback shows it.
    """
    with pytest.raises(MailSettingsError) as caught:
        Policy(proxy=text)  # type: ignore[arg-type]  # as without a type checker

    error = caught.value
    assert not leaks(str(error))
    assert (error.__cause__, error.__context__ if not error.__suppress_context__ else None) == (None, None)
