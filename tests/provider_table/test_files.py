"""Where tables lie: compiled when the YAML is newer, shipped in wheels, the user's own beside the configuration."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.provider_tables import MINIMAL

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "httpx", "dns", "anyio", "ssl", "click", "yaml", "rich", "platformdirs", "idna")


def run(code: str, *, source: Path = ROOT / "src", config: Path | None = None) -> str:
    """Run *code* in a process of its own that imports the package from *source*."""
    environment = {**os.environ, "PYTHONPATH": str(source), "XDG_CONFIG_HOME": str(config or source)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a table of one provider, never compiled."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("_data", "__pycache__", "cli"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "providers.yaml").write_text(MINIMAL)
    return tmp_path


FIND = "from mailsettings.provider_table import table; row = table.find_domain({!r}); print(row and row.provider.id)"


def test_a_checkout_compiles_its_table_when_it_is_first_used(checkout: Path) -> None:
    """Nothing has to be built after `git clone`."""
    assert run(FIND.format("example.org"), source=checkout / "src") == "example"


def test_a_newer_yaml_is_compiled_again(checkout: Path) -> None:
    """An edit of the table has effect at once."""
    run(FIND.format("example.org"), source=checkout / "src")
    yaml = checkout / "data" / "providers.yaml"
    yaml.write_text(MINIMAL.replace("- example.org", "- example.net"))
    compiled = (checkout / "src/mailsettings/provider_table/_data/providers.table").stat().st_mtime
    os.utime(yaml, (compiled + 10, compiled + 10))

    assert run(FIND.format("example.net"), source=checkout / "src") == "example"


def test_a_broken_yaml_stops_the_contributor(checkout: Path) -> None:
    """A slip is reported with its line, not answered from the table of yesterday."""
    (checkout / "data" / "providers.yaml").write_text(MINIMAL.replace("993", "994"))
    code = f"""
from mailsettings.errors import TableError
try:
    {FIND.format("example.org")}
except TableError as error:
    print(error)
"""

    assert run(code, source=checkout / "src").startswith("data/providers.yaml, line 7: providers.example.incoming.0")


def test_an_installed_package_looks_at_nothing_but_its_own_file(checkout: Path) -> None:
    """data/providers.yaml two folders above site-packages belongs to another project."""
    site = checkout / "site-packages"
    run(FIND.format("example.org"), source=checkout / "src")
    shutil.move(checkout / "src", site)
    (checkout / "data" / "providers.yaml").write_text("broken: [")

    assert run(FIND.format("example.org"), source=site) == "example"


def test_a_look_up_loads_nothing_heavy() -> None:
    """The offline answer is to be there in the time that pydantic alone takes to load."""
    code = f"""
import sys
from mailsettings.address import parse_address
from mailsettings.sources.provider_table import provider_tables
list(provider_tables(parse_address("ada@gmail.com")))
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""
    assert run(code) == ""


OWN = """
from mailsettings.provider_table import table
own = table.own_table()
print(own and own.find_domain("example.org").provider.id)
"""


def test_without_an_own_table_there_is_none(tmp_path: Path) -> None:
    """Most users have none."""
    assert run(OWN, config=tmp_path) == "None"


def test_an_own_table_is_found_in_the_configuration_directory(tmp_path: Path) -> None:
    """~/.config/mailsettings/providers.yaml, or where XDG_CONFIG_HOME says."""
    (tmp_path / "mailsettings").mkdir()
    (tmp_path / "mailsettings" / "providers.yaml").write_text(MINIMAL)

    assert run(OWN, config=tmp_path) == "example"


LEADS = """
from mailsettings.address import parse_address
from mailsettings.model import Claim, Note
from mailsettings.sources.provider_table import provider_tables
for lead in provider_tables(parse_address("ada@gmail.com")):
    if isinstance(lead, Claim): print(lead.evidence.authority.name, lead.endpoint.host)
    if isinstance(lead, Note): print(lead.text)
"""


def test_the_own_table_comes_before_the_bundled_one(tmp_path: Path) -> None:
    """What the user says outranks what we say; both are known."""
    (tmp_path / "mailsettings").mkdir()
    (tmp_path / "mailsettings" / "providers.yaml").write_text(MINIMAL.replace("- example.org", "- gmail.com"))

    lines = run(LEADS, config=tmp_path).splitlines()
    assert lines[:3] == ["OWN_TABLE imap.example.org", "OWN_TABLE smtp.example.org", "TABLE imap.gmail.com"]


def test_a_broken_own_table_is_said_and_the_bundled_one_answers(tmp_path: Path) -> None:
    """The user learns of the slip, with its line, and still gets an answer."""
    (tmp_path / "mailsettings").mkdir()
    (tmp_path / "mailsettings" / "providers.yaml").write_text(MINIMAL.replace("providers:", "providers: 3 #"))

    note, *claims = run(LEADS, config=tmp_path).splitlines()
    assert note.startswith(f"your own table is not used: {tmp_path}/mailsettings/providers.yaml")
    assert claims[0] == "TABLE imap.gmail.com"


def test_a_bad_entry_of_the_own_table_costs_only_itself(tmp_path: Path) -> None:
    """It is noted with its line; the other entries are used."""
    good = MINIMAL.replace("- example.org", "- gmail.com").replace("host: imap.example.org", "host: nas.local")
    bad = MINIMAL.partition("providers:\n")[2].replace("example:", "broken:").replace("993", "0")
    (tmp_path / "mailsettings").mkdir()
    (tmp_path / "mailsettings" / "providers.yaml").write_text(good + bad)

    note, *claims = run(LEADS, config=tmp_path).splitlines()
    line = 6 + len(good.splitlines())
    assert note.startswith(
        f"an entry of your own table is not used: {tmp_path}/mailsettings/providers.yaml, line {line}"
    )
    assert claims[:3] == ["OWN_TABLE nas.local", "OWN_TABLE smtp.example.org", "TABLE imap.gmail.com"]


OWNER = 'from mailsettings.hostnames import registrable; print(registrable("a.clients.your-server.de"))'


def test_rented_machines_are_told_before_the_table_is_compiled(checkout: Path) -> None:
    """Who owns a name may be the first question of a process, and the patterns are there at once."""
    assert run(OWNER, source=checkout / "src") == "a.clients.your-server.de"
    assert not (checkout / "src/mailsettings/provider_table/_data").exists()


@pytest.mark.slow
@pytest.mark.parametrize("by", [["--wheel"], []], ids=["from-the-checkout", "through-an-sdist"])
def test_a_wheel_has_the_compiled_table(tmp_path: Path, by: list[str]) -> None:
    """Installed from a wheel, whatever it was built from, the table answers, and rented machines are known."""
    ignored = shutil.ignore_patterns(".venv", ".git", "_data", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, tmp_path / "tree", ignore=ignored)
    command = [sys.executable, "-m", "build", "--no-isolation", *by, "--outdir", str(tmp_path / "dist"), "."]
    subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")

    assert run(FIND.format("gmail.com"), source=tmp_path / "installed") == "gmail"
    assert run(OWNER, source=tmp_path / "installed") == "a.clients.your-server.de"
