"""The examples run."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.places import Visitor

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.anyio
async def test_the_service_can_be_mounted() -> None:
    """
    Below a path of another application, beside its own page.
    """
    spec = importlib.util.spec_from_file_location("wizard", EXAMPLES / "wizard" / "wizard.py")
    assert spec is not None
    assert spec.loader is not None
    wizard = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(wizard)
    health, page = [await Visitor(wizard.app).get(path) for path in ("/mail-setup/healthz", "/")]
    await wizard.setup.state.service.aclose()

    assert (health.json(), page.status_code) == ({"status": "ok"}, 200)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["progress.py", "account_dialog.py"])
def test_a_program_loads(name: str) -> None:
    """
    Its imports are there, and it is typed as strictly as the library.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(EXAMPLES / name)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["Success: no issues found in 1 source file"])
