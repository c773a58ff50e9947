"""The package as others get it: built, installed somewhere else, used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_installed_package_answers(kind: str, tmp_path: Path) -> None:
    """
    Built, unpacked into an empty directory by pip, and run from there: command, types, table and page are in it.
    """
    run("-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(tmp_path / "dist"), str(ROOT))
    (archive,) = (tmp_path / "dist").iterdir()
    target = tmp_path / "site"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target), str(archive))

    done = run("-m", "mailsettings", "--offline", "ada@gmail.com", path=target, cwd=tmp_path, may_be=1)

    assert "imap.gmail.com" in done
    assert (target / "mailsettings" / "py.typed").exists()
    assert (target / "mailsettings" / "web" / "page" / "static" / "page.css").exists()
    assert (target / "bin" / "mailsettings").exists()


def run(*arguments: str, path: Path | None = None, cwd: Path = ROOT, may_be: int = 0) -> str:
    """Run Python with *arguments* and return what it prints; its exit code is 0 or *may_be*."""
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, may_be), done.stderr
    return done.stdout
