"""Addresses and host names: what is read, what is refused, and how that is said."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.address import EmailAddress, fill, fill_all, parse_address, without_words
from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ada@example.org", EmailAddress("ada", "example.org", "example.org"), id="plain"),
        pytest.param(" ada@example.org\n", EmailAddress("ada", "example.org", "example.org"), id="white-space-around"),
        pytest.param("Ada.L@Example.ORG", EmailAddress("Ada.L", "example.org", "example.org"), id="case"),
        pytest.param("ada@example.org.", EmailAddress("ada", "example.org", "example.org"), id="trailing-dot"),
        pytest.param("ada+x@a.b.example", EmailAddress("ada+x", "a.b.example", "a.b.example"), id="plus"),
        pytest.param("ada@faß.example", EmailAddress("ada", "xn--fa-hia.example", "faß.example"), id="sharp-s-stays"),
        pytest.param(
            "ada@xn--bcher-kva.example", EmailAddress("ada", "xn--bcher-kva.example", "bücher.example"), id="a-labels"
        ),
        pytest.param("дора@example.org", EmailAddress("дора", "example.org", "example.org"), id="eai"),
    ],
)
def test_an_address_is_read(text: str, expected: EmailAddress) -> None:
    """The domain becomes lower-case A-labels, the part before the @ stays as typed."""
    assert expected == parse_address(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("foo", "no @", id="no-at"),
        pytest.param("@x", "nothing before", id="no-local"),
        pytest.param("a@", "nothing after", id="no-domain"),
        pytest.param("a@b@c.example", "more than one @", id="two-ats"),
        pytest.param("a\x00@example.org", "U+0000", id="nul"),
        pytest.param("a\r\nRCPT TO@example.org", "U+000D", id="line-end"),
        pytest.param("a\u202e@example.org", "U+202E", id="bidi"),
        pytest.param("a@exa\u200bmple.org", "U+200B", id="zero-width"),
        pytest.param("a" * 10_000_000, "characters", id="ten-megabytes"),
        pytest.param("a@[192.0.2.1]", "network address", id="ip-literal"),
        pytest.param("a@[IPv6:::1]", "network address", id="ipv6-literal"),
        pytest.param("u@localhost", "this machine", id="localhost"),
        pytest.param("u@printer.local", "this machine", id="mdns"),
        pytest.param("u@2130706433", "network address", id="number"),
        pytest.param("u@127.1", "network address", id="short-ip"),
        pytest.param("u@0x7f.1", "network address", id="hex"),
        pytest.param("u@①②⑦.0.0.1", "network address", id="circled-digits"),
        pytest.param("u@127。0。0。1", "network address", id="ideographic-dots"),
        pytest.param("u@example.123", "not a domain name", id="numeric-last-label"),
        pytest.param("u@intranet", "means this machine", id="intranet"),
        pytest.param("u@word", "single word", id="one-label"),
        pytest.param("u@-a.example", "not a domain name", id="hyphen-first"),
        pytest.param("u@a_b.example", "not a domain name", id="underscore"),
        pytest.param("u@😀.example", "not an international", id="emoji"),
        pytest.param("u@xn--a.example\u3002", "", id="broken-a-label-and-dot"),
        pytest.param("a..b@example.org", "no mailbox", id="two-dots"),
        pytest.param('"a b"@example.org', "no mailbox", id="quoted"),
        pytest.param("a\u037e@example.org", "part before the @", id="semicolon-after-normalising"),
        pytest.param("a" * 65 + "@example.org", "65 octets", id="long-local"),
        pytest.param("a@" + "b" * 64 + ".example", "not a domain name", id="long-label"),
        pytest.param("a@" + ".".join(["b" * 60] * 5) + ".example", "octets", id="long-domain"),
    ],
)
def test_a_bad_address_is_refused_with_what_was_seen(text: str, says: str) -> None:
    """One line, short, and it names the fault."""
    with pytest.raises(AddressError) as caught:
        parse_address(text)

    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert len(message) < 300


@given(st.text())
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    """Nothing but AddressError, whatever is typed."""
    try:
        parsed = parse_address(text)
    except AddressError:
        return

    assert parse_host(parsed.domain) == parsed.domain
    assert parsed.local.isprintable()


@given(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=20), st.sampled_from(["a.example", "b.c.test"])
)
def test_reading_an_address_again_changes_nothing(local: str, domain: str) -> None:
    """str() of an address is an address."""
    parsed = parse_address(f"{local}@{domain}")

    assert parsed == parse_address(str(parsed))


@given(st.text())
def test_a_local_part_of_ascii_has_the_characters_of_one(text: str) -> None:
    """Also where only its normal form is ASCII: the Kelvin sign is a K, the Greek question mark a semicolon."""
    try:
        local = parse_address(f"{text}@example.org").local
    except AddressError:
        return

    assert not local.isascii() or re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+", local)


@pytest.mark.parametrize(
    ("local", "template", "name"),
    [
        ("ada", "%EMAILADDRESS%", "ada@example.org"),
        ("ada", "%EMAILLOCALPART%.%EMAILDOMAIN%", "ada.example.org"),
        ("%EMAILDOMAIN%", "%EMAILADDRESS%", "%EMAILDOMAIN%@example.org"),
        ("%EMAILLOCALPART%", "%EMAILADDRESS%", "%EMAILLOCALPART%@example.org"),
        ("%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILADDRESS%"),
        ("%EMAIL", "%EMAILLOCALPART%DOMAIN%", "%EMAILDOMAIN%"),
    ],
)
def test_what_a_placeholder_stands_for_is_not_filled_again(local: str, template: str, name: str) -> None:
    """A local part may contain percent signs, and so look like a placeholder."""
    assert fill(template, parse_address(f"{local}@example.org")) == name


@pytest.mark.parametrize(
    ("address", "templates", "names"),
    [
        ("ada@bücher.example", (), ("ada@xn--bcher-kva.example", "ada@bücher.example", "ada")),
        ("ada@xn--bcher-kva.example", ("%EMAILLOCALPART%",), ("ada",)),
        (
            "ada@xn--bcher-kva.example",
            ("%EMAILDOMAIN%\\%EMAILLOCALPART%", "%EMAILADDRESS%"),
            (
                "xn--bcher-kva.example\\ada",
                "bücher.example\\ada",
                "ada@xn--bcher-kva.example",
                "ada@bücher.example",
            ),
        ),
        ("ada@example.org", (), ("ada@example.org", "ada")),
    ],
)
def test_user_names_at_an_international_domain_have_two_spellings(
    address: str, templates: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """A-labels first, each template's spellings side by side; what has no domain in it is there once."""
    assert fill_all(templates, parse_address(address)) == names


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%EMAILADDRESS%", True),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", True),
        ("%EMAILDOMAIN%\\%EMAILLOCALPART%", True),
        ("", False),
        ("...", False),
        ("call-0900-1234", False),
        ("%EMAILLOCALPART%-see-evil.example", False),
        ("%EMAILADDRESS%\u2026", False),
    ],
)
def test_a_template_without_words(template: str, expected: bool) -> None:
    """It tells users nothing that is not their own address."""
    assert without_words(template) is expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("Ada Lovelace <ada@mail.example>", "ada@mail.example", id="name-and-address"),
        pytest.param('"Lovelace, Ada" <ada@mail.example>,', "ada@mail.example", id="quoted-name"),
        pytest.param("<ada@mail.example", "ada@mail.example", id="half-a-pair"),
        pytest.param("mailto:ada@mail.example?subject=Hi&cc=b@c.example", "ada@mail.example", id="link"),
        pytest.param("MailTo:ada%40mail.example", "ada@mail.example", id="encoded-link"),
        pytest.param("[ada@mail.example](mailto:ada@mail.example)", "ada@mail.example", id="markdown"),
        pytest.param("ada@mail,example", "ada@mail.example", id="comma"),
        pytest.param("Ada <ada@mail..example>", "ada@mail.example", id="two-dots-and-a-name"),
        pytest.param("ada @mail .example", "ada@mail.example", id="blanks"),
        pytest.param("ada\u00a0@mail.example", "ada@mail.example", id="no-break-space"),
        pytest.param("ada@@mail.example", "ada@mail.example", id="two-ats-in-a-row"),
        pytest.param("(ada@mail.example).", "ada@mail.example", id="brackets"),
        pytest.param("\u201eada@mail.example\u201c", "ada@mail.example", id="german-quotes"),
        pytest.param("ada@mail.example!", "ada@mail.example", id="exclamation"),
        pytest.param("E-Mail: ada@mail.example", "ada@mail.example", id="label"),
        pytest.param("ada at mail.example", "ada@mail.example", id="at"),
        pytest.param("ada [AT] mail [dot] example", "ada@mail.example", id="at-and-dot"),
        pytest.param("ada\uff20mail.example", "ada@mail.example", id="full-width-at"),
        pytest.param("\u200eada@mail.example", "ada@mail.example", id="left-to-right-mark"),
        pytest.param("Ada <ada@b\u00fccher.example>", "ada@b\u00fccher.example", id="u-labels"),
        pytest.param("ada lovelace@mail.example", "", id="a-blank-in-the-name"),
        pytest.param("Ada <u@localhost>", "", id="this-machine"),
        pytest.param("ada at home", "", id="no-domain"),
        pytest.param("a\x00b@mail.example", "", id="control-character"),
        pytest.param("a@b@mail.example", "", id="two-ats"),
        pytest.param("mailto:", "", id="empty-link"),
    ],
)
def test_what_was_pasted_is_refused_with_the_address_that_was_meant(text: str, meant: str) -> None:
    """Nothing is read into it silently: the user says whether it is right. Where there is no telling, nothing."""
    with pytest.raises(AddressError) as caught:
        parse_address(text)

    assert caught.value.meant == meant
    assert not meant or meant not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a@x.example, b@x.example", "mailto:a@x.example,b@x.example", "A <a@x.example>; b@y.example"]
)
def test_of_several_addresses_none_is_chosen(text: str) -> None:
    """Which one is meant cannot be known."""
    with pytest.raises(AddressError, match="more than one address") as caught:
        parse_address(text)

    assert caught.value.meant == ""


@given(st.text("ada@.,;<> mailto:()\"'\u200b\uff20xn-", max_size=60))
def test_the_address_that_was_meant_is_an_address(text: str) -> None:
    """Whatever was pasted: offering what would be refused helps no one."""
    meant = ""
    try:
        parse_address(text)
    except AddressError as error:
        meant = error.meant

    assert not meant or str(parse_address(meant))
