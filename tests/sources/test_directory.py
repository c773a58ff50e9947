"""The user's own directory of configuration documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsettings.formats import xml
from mailsettings.model import Authority, Note
from mailsettings.sources.directory import directory_at
from tests.support.documents import autoconfig as document
from tests.support.documents import incoming
from tests.support.fake_net import claims_in, endpoints_in, lookups_in
from tests.support.values import ADA, ada

FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]


def test_a_local_folder(tmp_path: Path) -> None:
    """
    A document in the folder has the authority of the user's own table, at once and without a network request.
    """
    (tmp_path / "example.org.xml").write_bytes(document())

    leads = list(directory_at(tmp_path)(ADA))

    assert (endpoints_in(leads), lookups_in(leads)) == (FOUND, [])
    assert {claim.evidence.authority for claim in claims_in(leads)} == {Authority.OWN_TABLE}


def test_a_local_folder_without_the_domain(tmp_path: Path) -> None:
    """
    Without a document there is no claim; the file of a parent domain is not meant.
    """
    (tmp_path / "example.org.xml").write_bytes(document())

    assert list(directory_at(tmp_path)(ada("mail.example.org"))) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>", id="web page"),
        pytest.param(b"<clientConfig>", id="cut off"),
        pytest.param(b"<clientConfig>" + b" " * (2 * xml.MAX_BYTES), id="endless"),
        pytest.param(document(incoming(port="0")), id="a broken section"),
    ],
)
def test_a_local_folder_with_a_broken_document(tmp_path: Path, content: bytes) -> None:
    """
    What is wrong with a local document is said by file name.
    """
    (tmp_path / "example.org.xml").write_bytes(content)

    (note,) = directory_at(str(tmp_path))(ADA)

    assert isinstance(note, Note)
    assert note.text.startswith(f"{tmp_path}/example.org.xml: ")
