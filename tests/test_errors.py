"""What an error says, in our words and in those of others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsettings.errors import Detail, DocumentError, FailureKind, NetworkError
from mailsettings.model import Failure, Task
from mailsettings.net.cache import SingleFlight

SOURCE = Path(__file__).parent.parent / "src" / "mailsettings"
HERE = Task("here")
BOGUS = NetworkError(FailureKind.DNS_FAILED, "the name server says {}", quoting="'no'", detail=Detail.DNSSEC_BOGUS)


@pytest.mark.parametrize(
    ("said", "quoting", "seen", "redacted"),
    [
        ("no greeting within 8 s", "", "no greeting within 8 s", "no greeting within 8 s"),
        ("no greeting within 8 s", "'22'", "no greeting within 8 s: '22'", "no greeting within 8 s"),
        ("{} is neither +OK nor -ERR", "'x'", "'x' is neither +OK nor -ERR", "… is neither +OK nor -ERR"),
        ("the proxy: closed", "'a: b'", "the proxy: closed: 'a: b'", "the proxy: closed"),
        ("{} is no answer", "'{}'", "'{}' is no answer", "… is no answer"),
        ("a URL with {}", "", "a URL with {}", "a URL with {}"),
    ],
)
def test_what_was_seen_is_known_with_and_without_remote_text(said: str, quoting: str, seen: str, redacted: str) -> None:
    """
    The quotation stands where the sentence wants it, at the end if nowhere else.
    """
    error = NetworkError(FailureKind.BAD_REPLY, said, quoting=quoting)

    assert (error.seen, error.redacted, str(error)) == (seen, redacted, f"bad-reply: {seen}")


def test_an_error_that_is_passed_on_keeps_all_it_knows() -> None:
    """
    Another kind and a prefix: the detail and the quotation stay.
    """
    error = BOGUS.again(FailureKind.PROXY, prefix="on the way: ")

    assert Failure.of(HERE, error) == Failure(
        FailureKind.PROXY, HERE, "on the way: the name server says 'no'", Detail.DNSSEC_BOGUS
    )
    assert error.redacted == "on the way: the name server says …"


def test_a_document_that_is_broken_becomes_a_failure() -> None:
    """
    Its words are a sentence of ours with what is wrong inside, and there is no detail.
    """
    failure = Failure.of(HERE, DocumentError("root element is 'html'", FailureKind.NO_DOCUMENT))

    assert failure == Failure(FailureKind.NO_DOCUMENT, HERE, "root element is 'html'")


async def _fail(_: object = None) -> str:
    raise BOGUS.again()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "cache", [SingleFlight[str, str](), SingleFlight[str, str](10, lambda _: 60.0)], ids=["search", "run"]
)
async def test_an_error_that_is_remembered_keeps_all_it_knows(cache: SingleFlight[str, str]) -> None:
    """
    The cache of one search, and that of a run over many addresses: asked twice, both answers are the same.
    """
    failures = []
    for _ in range(2):
        with pytest.raises(NetworkError) as caught:
            await cache.get("name", _fail)
        failures.append(Failure.of(HERE, caught.value))

    assert failures == [Failure.of(HERE, BOGUS)] * 2


def _quoting_in_words(path: Path) -> Iterator[str]:
    """Yield the NetworkErrors of a module whose own words have remote text in them."""
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "NetworkError":
            names = {node.id for word in call.args for node in ast.walk(word) if isinstance(node, ast.Name)}
            if names & {"quoted", "printable", "reply"}:
                yield f"{path.name}:{call.lineno}"


def test_remote_text_is_quoted_and_never_a_part_of_our_words() -> None:
    """
    What a server said is left out of a report by its place, whatever it is: it may be the password.
    """
    assert [found for path in SOURCE.rglob("*.py") for found in _quoting_in_words(path)] == []
