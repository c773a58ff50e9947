"""Input: plain lines, CSV, lines of JSON."""

import io

import pytest

from mailsettings.bulk.input import MAX_LINE, Entry, InputFormat, entries, input_format, parse_entry
from mailsettings.errors import AddressError, DocumentError


def read(data: bytes, form: InputFormat, column: str = "") -> list[tuple[int, str]]:
    return [(each.place, each.text) for each in entries(io.BytesIO(data), form, column)]


BOTH = [(1, "ada@example.org"), (3, "eve@example.com")]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        pytest.param(InputFormat.LINES, b"ada@example.org\n\neve@example.com\n", id="lines"),
        pytest.param(
            InputFormat.LINES, b"\xef\xbb\xbf ada@example.org \r\n\r\neve@example.com", id="windows-and-no-last-end"
        ),
        pytest.param(InputFormat.JSONL, b'{"email": "ada@example.org"}\n\n"eve@example.com"\n', id="jsonl"),
    ],
)
def test_a_place_is_the_number_of_the_line(form: InputFormat, data: bytes) -> None:
    """
    Empty lines are counted, but are no entries.
    """
    assert read(data, form) == BOTH


@pytest.mark.parametrize("title", ["email", "E-Mail", "Address"])
def test_csv_has_its_addresses_in_the_usual_column(title: str) -> None:
    """
    Wherever it stands, and with commas in other cells; a short row is empty.
    """
    data = f'name,{title}\n"Lovelace, Ada",ada@example.org\nnobody\nEve,eve@example.com\n'.encode()

    assert read(data, InputFormat.CSV) == [(2, "ada@example.org"), (4, "eve@example.com")]


def test_another_column_can_be_named() -> None:
    """
    In CSV and in JSON.
    """
    assert read(b"email,login\nx@example.org,ada@example.org\n", InputFormat.CSV, "Login") == [(2, "ada@example.org")]
    assert read(b'{"email": "x@example.org", "to": "ada@example.org"}', InputFormat.JSONL, "to") == [
        (1, "ada@example.org")
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"name,phone\nAda,1\n", b'email\n"' + b"xx\n" * 100_000],
    ids=["empty", "none", "open-quote"],
)
def test_csv_without_addresses_is_an_error(data: bytes) -> None:
    """
    Before or at the place where it is of no use, not a million bad addresses.
    """
    with pytest.raises(DocumentError):
        read(data, InputFormat.CSV)


@pytest.mark.parametrize("line", ["{", "[1]", '{"email": 7}', "7", "null", "[" * 5000], ids=lambda line: line[:12])
def test_a_line_that_has_no_address_is_an_entry_all_the_same(line: str) -> None:
    """
    It will be answered with what is wrong; nothing is left out silently.
    """
    assert read(line.encode(), InputFormat.JSONL) == [(1, line[:300])]


def test_an_endless_line_is_cut() -> None:
    """
    Memory does not depend on where the next line end is.
    """
    found = read(b"a" * (3 * MAX_LINE + 5) + b"\nada@example.org\n", InputFormat.LINES)

    assert [(place, len(text)) for place, text in found] == [(1, MAX_LINE), (2, 15)]


def test_bytes_that_are_no_text_spoil_one_line() -> None:
    """
    Latin-1 in a list of UTF-8 is one bad address.
    """
    assert read(b"m\xfcller@example.org\nada@example.org\n", InputFormat.LINES)[1] == (2, "ada@example.org")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.CSV", InputFormat.CSV),
        ("a.jsonl", InputFormat.JSONL),
        ("a.txt", InputFormat.LINES),
        ("<stdin>", InputFormat.LINES),
    ],
)
def test_the_name_says_how_a_file_is_written(name: str, form: InputFormat) -> None:
    """
    Anything unknown is plain lines.
    """
    assert input_format(name) is form


def test_entries_are_read_as_they_are_wanted() -> None:
    """
    One entry is taken: the rest of the file is not.
    """
    file = io.BytesIO(b"ada@example.org\n" * 1000)

    assert (next(iter(entries(file, InputFormat.LINES))), file.tell()) == (Entry(1, "ada@example.org"), 16)


@pytest.mark.parametrize("text", ["", "foo", "a@b@c.example", "127.0.0.1", "2130706433", "localhost", "a b.example"])
def test_what_is_neither_address_nor_domain_is_refused(text: str) -> None:
    """
    By the rules for single addresses.
    """
    with pytest.raises(AddressError):
        parse_entry(text)
