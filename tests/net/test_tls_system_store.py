"""When the system's directory of CAs may stand for its bundle, which takes 30 ms to parse."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailsettings.net.tls import directory_covers_bundle

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"


def store(place: Path, *, bundled: int, hashed: int) -> ssl.DefaultVerifyPaths:
    """Return the paths of a system with so many CAs in its bundle and in its directory."""
    bundle, directory = place / "cert.pem", place / "certs"
    bundle.write_text(CERTIFICATE * bundled)
    directory.mkdir()
    for number in range(hashed):
        (directory / f"{number:08x}.0").write_text(CERTIFICATE)
    paths = (str(bundle), str(directory))
    return ssl.DefaultVerifyPaths(*paths, "SSL_CERT_FILE", paths[0], "SSL_CERT_DIR", paths[1])


@pytest.mark.parametrize(
    ("bundled", "hashed", "expected"),
    [(3, 3, True), (3, 4, True), (4, 3, False), (3, 0, False)],
    ids=["as many", "more", "one is missing", "not hashed"],
)
def test_the_directory_must_have_all_that_the_bundle_has(
    tmp_path: Path, bundled: int, hashed: int, expected: bool
) -> None:
    """
    An authority that somebody appended to the bundle alone stays trusted.
    """
    assert directory_covers_bundle(store(tmp_path, bundled=bundled, hashed=hashed)) is expected


def test_a_bundle_of_the_users_own_is_read(tmp_path: Path) -> None:
    """
    SSL_CERT_FILE may name fewer or other authorities than the directory has.
    """
    paths = store(tmp_path, bundled=1, hashed=3)
    own = tmp_path / "own.pem"
    own.write_text(CERTIFICATE)

    assert directory_covers_bundle(paths._replace(cafile=str(own))) is False


def test_a_directory_of_the_users_own_is_no_substitute(tmp_path: Path) -> None:
    """
    SSL_CERT_DIR adds to the system's bundle and does not replace it.
    """
    paths = store(tmp_path, bundled=1, hashed=3)

    assert directory_covers_bundle(paths._replace(openssl_capath=str(tmp_path / "elsewhere"))) is False


def test_a_system_without_a_bundle_is_read_as_usual(tmp_path: Path) -> None:
    """
    Where a file or a directory is missing, Python gives an empty path, and OpenSSL's own way is taken.
    """
    paths = store(tmp_path, bundled=1, hashed=1)

    assert not any(map(directory_covers_bundle, (paths._replace(cafile=""), paths._replace(capath=""))))
