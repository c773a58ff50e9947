"""Detections as JSON: what programs in other languages read."""

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.cli import card, exit_codes, messages
from mailsettings.errors import Detail, DocumentError, FailureKind
from mailsettings.model import (
    URL,
    Audience,
    Authority,
    Choice,
    Claim,
    Confirmation,
    ConfirmReason,
    Detection,
    Endpoint,
    Evidence,
    Failure,
    Hello,
    Hint,
    HostName,
    Link,
    Note,
    NoteKind,
    Probe,
    Protocol,
    Provider,
    ProxyAddress,
    Question,
    Security,
    Service,
    Task,
    Where,
)
from mailsettings.schema import event_to_dict, from_json, json_schema, read_where, to_dict, to_json
from tests.support import detections
from tests.support.detections import CONFIRM, GMAIL, NOTHING, VERIFIED
from tests.support.fake_backend import story


def keys_of(module: ModuleType) -> Iterator[str]:
    """Yield every constant that *module* looks something up by, as in `detection["incoming"]`."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                yield name
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
                yield name


NAMED = {name: value for name, value in vars(detections).items() if isinstance(value, Detection)}
HOSTS = st.from_regex(r"[a-z]{1,9}\.example", fullmatch=True)
ENDPOINTS = st.builds(Endpoint, st.sampled_from(Protocol), HOSTS, st.integers(1, 65535), st.sampled_from(Security))
st.register_type_strategy(Endpoint, ENDPOINTS)
ENDPOINT = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)

ENDPOINT = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
WORDS = st.text("abcxyz-", min_size=1, max_size=9)
PLACES = (
    ENDPOINTS
    | st.builds(Question, HOSTS | WORDS.map("(a {})".format), st.sampled_from(("A", "MX", "SRV", "TXT")))
    | st.builds(HostName, HOSTS)
    | st.builds(lambda host, method: URL(f"https://{host}/a b (c)", method), HOSTS, st.sampled_from(("GET", "POST")))
    | st.builds(ProxyAddress, st.sampled_from(("socks5", "http")), HOSTS | st.just("::1"), st.integers(1, 65535))
    | st.builds(Task, WORDS)
)
FAILURES = st.builds(
    Failure, st.sampled_from(FailureKind), st.none() | PLACES, st.text(), st.none() | st.sampled_from(Detail)
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Draw a choice whose claims and probe are, as the merge makes them, about its own endpoint."""
    endpoint = draw(ENDPOINTS)
    claims = draw(st.lists(st.builds(Claim, st.just(endpoint), st.from_type(Evidence)), max_size=2).map(tuple))
    probe = st.builds(Probe, st.just(endpoint), st.none() | st.from_type(Hello), st.none() | FAILURES, st.none())
    why = st.none() | st.sampled_from(ConfirmReason)
    parts = {"endpoint": st.just(endpoint), "claims": st.just(claims), "probe": st.none() | probe}
    return draw(st.builds(Choice, **parts, confirm_reason=why))


DETECTIONS = st.builds(
    Detection,
    address=st.text(),
    incoming=st.lists(choices(), max_size=2).map(tuple),
    outgoing=st.lists(choices(), max_size=2).map(tuple),
    provider=st.none() | st.from_type(Provider),
    hints=st.lists(st.from_type(Hint), max_size=2).map(tuple),
    documentation=st.lists(st.from_type(Link), max_size=2).map(tuple),
    other_services=st.lists(st.from_type(Service), max_size=2).map(tuple),
    confirm=st.lists(st.text(), max_size=2).map(tuple),
    confirmations=st.lists(st.from_type(Confirmation), max_size=2).map(tuple),
    notes=st.lists(st.from_type(Note), max_size=2).map(tuple),
    failures=st.lists(FAILURES, max_size=2).map(tuple),
    seconds=st.floats(0, 100),
)


def test_the_answer_is_flat_enough_to_use_without_us() -> None:
    """
    `incoming[0]` has host, port, security and user name side by side.
    """
    first = json.loads(to_json(VERIFIED))["incoming"][0]
    wanted = ("protocol", "host", "port", "security", "username", "verified", "trust")

    assert [first[n] for n in wanted] == [
        "imap",
        "imap.example.org",
        993,
        "tls",
        "ada@example.org",
        True,
        "same-domain",
    ]


def test_the_top_level_has_the_fields_that_are_promised() -> None:
    """
    Schema 1 starts with these fields, in this order.
    """
    promised = ["schema", "address", "provider", "incoming", "outgoing", "confirm", "hints", "documentation", "notes"]

    assert [*promised, "failures"] == list(to_dict(NOTHING))[:10]


def test_evidence_names_its_authority_in_words() -> None:
    """
    Who vouches is a word that means something to other programs, not our number.
    """
    assert {"authority": "table", "source": "table", "locator": "providers.yaml: gmail"}.items() <= to_dict(GMAIL)[
        "incoming"
    ][0]["evidence"][0].items()


def test_a_hint_names_its_authority_in_words() -> None:
    """
    As a server does: programs show who says what the user is to do.
    """
    evidence = Evidence(Authority.MX_TABLE, "mx", "example.org MX = mx.example", domain="example.org")
    hints = to_dict(replace(NOTHING, hints=(Hint("app_password", "Create one.", evidence=evidence),)))["hints"]

    assert hints[0]["evidence"] == {
        "authority": "mx-table",
        "source": "mx",
        "locator": "example.org MX = mx.example",
        "authentic": False,
        "domain": "example.org",
        "place": 0,
        "confirm_reason": None,
    }


def test_facts_without_evidence_are_read() -> None:
    """
    The web service's store has answers from before there was any.
    """
    old = {"id": "enable", "text": "Switch it on.", "url": ""}

    assert from_json(json.dumps({**to_dict(NOTHING), "hints": [old]})).hints == (Hint("enable", "Switch it on."),)


@pytest.mark.parametrize("name", NAMED)
def test_a_detection_survives_the_round_trip(name: str) -> None:
    """
    What is read is equal to what was written.
    """
    assert NAMED[name] == from_json(to_json(NAMED[name]))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(DETECTIONS)
def test_any_detection_survives_the_round_trip(detection: Detection) -> None:
    """
    No value is lost or changed, whatever text is in it.
    """
    assert detection == from_json(to_json(detection))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", None),
        ("imap://imap.example.org:993 (tls)", ENDPOINT),
        ("imap://127.0.0.1:993 (tls)", Endpoint(Protocol.IMAP, "127.0.0.1", 993, Security.TLS)),
        ("imap://[::1]:993 (tls)", Endpoint(Protocol.IMAP, "::1", 993, Security.TLS)),
        ("imap://nas.local:993 (tls)", Endpoint(Protocol.IMAP, "nas.local", 993, Security.TLS)),
        ("imap://127.1:993 (tls)", Task("imap://127.1:993 (tls)")),
        ("_imaps._tcp.example.org SRV", Question("_imaps._tcp.example.org", "SRV")),
        ("(a random label).example.org A", Question("(a random label).example.org", "A")),
        ("imap.example.org A/AAAA", HostName("imap.example.org")),
        ("https://example.org/mail.xml", URL("https://example.org/mail.xml")),
        ("https://example.org/discover.xml (POST)", URL("https://example.org/discover.xml", "POST")),
        ("http://127.0.0.1:3128", ProxyAddress("http", "127.0.0.1", 3128)),
        ("socks5://[::1]:1080", ProxyAddress("socks5", "::1", 1080)),
        ("certificate of mail.example.org:993", Task("certificate of mail.example.org:993")),
        ("second look", Task("second look")),
    ],
)
def test_a_place_is_written_as_text_and_read_back(text: str, where: Where | None) -> None:
    """
    The document keeps the strings it has always had; everything that decides has the values.
    """
    failure = Failure(FailureKind.INTERNAL, where)

    assert (failure.place, read_where(text)) == (text, where)


@given(
    st.text()
    | st.sampled_from(["A", " A", "http://h:080", "socks5://[h]:1", "https://h/ (GET)", "imap://h.x:01 (tls)"])
)
def test_no_place_is_lost_that_is_not_understood(text: str) -> None:
    """
    Whatever was written once, by another version as well, is written again.
    """
    assert Failure(FailureKind.INTERNAL, read_where(text)).place == text


def test_a_document_without_details_is_read() -> None:
    """
    The web service's store has answers from before there were any.
    """
    failure = {"kind": "refused", "where": "imap://imap.example.org:993 (tls)", "seen": "no"}

    found = from_json(json.dumps({**to_dict(NOTHING), "failures": [failure]}))

    assert (Failure(FailureKind.REFUSED, ENDPOINT, "no"),) == found.failures


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(DETECTIONS)
def test_any_detection_is_valid_against_the_json_schema(detection: Detection) -> None:
    """
    The published JSON Schema describes what is written.
    """
    VALIDATOR.validate(json.loads(to_json(detection)))


VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_json_schema_is_one() -> None:
    """
    It is valid against the meta-schema that it names.
    """
    jsonschema.Draft202012Validator.check_schema(json_schema())

    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"address": None},
        {"incoming": [{"protocol": "imap"}]},
        {"incoming": {}},
        {"seconds": "long"},
        {"failures": [{"kind": "gremlins", "where": "", "seen": "", "detail": None}]},
    ],
    ids=str,
)
def test_the_json_schema_refuses_what_is_never_written(change: dict[str, Any]) -> None:
    """
    A missing field, an unknown word or another type is not valid.
    """
    assert not VALIDATOR.is_valid({**to_dict(VERIFIED), **change})


def test_the_card_reads_only_fields_of_the_json_schema() -> None:
    """
    Cards and exit codes are made of the JSON form, which no type checker looks into.
    """
    root = json_schema()
    fields = {name for type_ in (root, *root["$defs"].values()) for name in type_.get("properties", ())}

    assert {name for module in (card, card, messages, exit_codes) for name in keys_of(module)} <= fields


def test_only_printable_ascii_is_written() -> None:
    """
    Neither a terminal nor an old program trips over a letter, an escape or DEL.
    """
    text = to_json(replace(VERIFIED, notes=(Note("grün\x1b[2J\x7f\x9b\u202e"),)))

    assert text.isascii()
    assert text.isprintable()


def test_a_step_is_a_word() -> None:
    """
    Programs in other languages read how long each part of a probe took.
    """
    steps = to_dict(VERIFIED)["incoming"][0]["probe"]["steps"]

    assert [step["name"] for step in steps] == ["resolve", "connect", "tls", "greeting"]


ABOUT_SERVER = Note("EHLO answered '502 no'", about=ENDPOINT, audience=Audience.USER)


def test_notes_are_lines_of_text() -> None:
    """
    A reader that wants to show them needs no more; what programs decide on is in note_details.
    """
    found = to_dict(replace(NOTHING, notes=(Note("odd"), ABOUT_SERVER)))

    assert found["notes"] == ["odd", "imap.example.org:993: EHLO answered '502 no'"]
    assert [detail["audience"] for detail in found["note_details"]] == ["everyone", "user"]


@pytest.mark.parametrize(
    "change",
    [
        {"note_details": []},
        {"note_details": [{"text": "odd"}]},
        {"notes": ["another"]},
        {"note_details": [{"text": "odd", "kind": "remark", "about": None}]},
    ],
    ids=["without", "unfinished", "of others", "no audience"],
)
def test_a_note_of_unknown_audience_is_not_for_everyone(change: dict[str, Any]) -> None:
    """
    A document of an older version, or one that contradicts itself, reveals nothing to the visitors of a service.
    """
    found = from_json(json.dumps({**to_dict(replace(NOTHING, notes=(Note("odd"),))), **change}))

    assert [note.public for note in found.notes] == [False]


def test_the_notes_of_a_probe_keep_their_kind() -> None:
    """
    A detection that is diagnosed later still says that IPv6 is broken.
    """
    hello = Hello("ready", notes=(Note("read before TLS", NoteKind.UNPROTECTED_GREETING),))
    probe = Probe(ENDPOINT, hello, notes=(Note("IPv6 does not work", NoteKind.IPV6_BROKEN),))
    detection = replace(VERIFIED, incoming=(replace(VERIFIED.incoming[0], probe=probe),))

    assert detection == from_json(to_json(detection))


def test_fields_of_later_versions_are_ignored() -> None:
    """
    A program of today reads tomorrow's answer.
    """
    assert from_json(json.dumps({**to_dict(VERIFIED), "mood": "good"})) == VERIFIED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "not a detection of schema 1"),
        ({"incoming": 1}, "incoming is 1, not an array"),
        ({"incoming": [1]}, "a choice is 1, not an object"),
        ({"incoming": [{"evidence": [1]}]}, "an evidence is 1, not an object"),
        ({"incoming": [{"evidence": [{"authority": "me"}]}]}, "authority is 'me', which is none"),
        ({"hints": 1}, "hints is 1, not an array"),
        ({"hints": [{"evidence": {"authority": "me"}}]}, "authority is 'me', which is none"),
        ({"provider": {"hints": 1}}, "hints is 1, not an array"),
        ({"incoming": [{**to_dict(VERIFIED)["incoming"][0], "host": "127.0.0.1"}]}, "no public host"),
        ({"incoming": [{**to_dict(VERIFIED)["incoming"][0], "port": "993"}]}, "valid integer"),
        ({"notes": ["\ud800"]}, "JSON"),
        ({"failures": [1]}, "a failure is 1, not an object"),
        ({"failures": [{"kind": "refused", "where": 1}]}, "where is 1, not text"),
        ({"failures": [{"kind": "refused", "where": "x", "detail": "big"}]}, "failures.0.detail"),
    ],
    ids=str,
)
def test_what_is_no_detection_is_refused(change: dict[str, Any], message: str) -> None:
    """
    The error says what is wrong, and where.
    """
    with pytest.raises(DocumentError, match=message):
        from_json(json.dumps({**to_dict(VERIFIED), **change}))


@pytest.mark.parametrize("text", ["", "[]", "1", '"x"', "{", "[" * 100_000, b"\xff"], ids=range(7))
def test_what_is_no_json_object_is_refused(text: str | bytes) -> None:
    """
    Nothing but DocumentError comes out of hostile text.
    """
    with pytest.raises(DocumentError):
        from_json(text)


FIELDS = ["incoming", "outgoing", "address", "notes", "provider", "failures", "hints", "other_services"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(list(to_dict(VERIFIED))), values),
    max_leaves=9,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["incoming", "outgoing", "address", "notes", "provider", "failures", "hints"]), JSON
    )
)
def test_any_json_is_read_or_refused(change: dict[str, Any]) -> None:
    """
    Whatever takes a field's place, a detection or DocumentError comes out.
    """
    try:
        found = from_json(json.dumps({**to_dict(VERIFIED), **change}))
    except DocumentError:
        return

    assert isinstance(found, Detection)


def test_reasons_to_ask_are_words() -> None:
    """
    Programs in other languages decide on them: which host, where, what it belongs to, and why.
    """
    found = to_dict(CONFIRM)

    assert found["incoming"][0]["confirm_reason"] == "other-domain"
    assert found["confirmations"] == [
        {
            "host": "mail.hoster.example",
            "port": 993,
            "group": "hoster.example",
            "why": "other-domain",
            "look_alike_of": "",
        }
    ]


def test_an_answer_without_confirmations_is_read() -> None:
    """
    Documents from before there were any have hosts or domains in `confirm` alone.
    """
    old = {name: value for name, value in to_dict(CONFIRM).items() if name != "confirmations"}

    assert from_json(json.dumps(old)) == replace(CONFIRM, confirmations=())


def test_events_are_flat_objects_with_their_name() -> None:
    """
    Each kind of event says what it is, when, and about which server.
    """
    events = [event_to_dict(event) for event in story(VERIFIED)]

    assert [event["event"] for event in events] == ["asked", "learned", "failed", "contacting", "probed", "settled"]
    assert events[0] == {"event": "asked", "at": 0.0, "what": "example.org MX"}
    assert [events[number]["host"] for number in (1, 3, 4)] == ["imap.example.org"] * 3
    assert to_dict(VERIFIED) == events[5]["detection"]


def test_writing_json_needs_no_pydantic() -> None:
    """
    An answer from the table alone is written by the standard library.
    """
    code = (
        "import sys; from mailsettings.model import Detection; Detection('a@b.example').to_json(); "
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
