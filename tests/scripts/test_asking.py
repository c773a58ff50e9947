"""docs/asking.md: its words and pictures are those of the program."""

import re

import pytest

from mailsettings.model import ConfirmReason
from scripts.asking import DOCS, PAGE, PICTURES, SCENES, Scene, card_svg, page_html, with_reasons

TEXT = PAGE.read_text(encoding="utf-8")
MAX_PICTURE = 150_000  # bytes
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_page_quotes_what_users_are_told() -> None:
    """`python -m scripts.asking` writes it again after a change."""
    assert with_reasons(TEXT) == TEXT


@pytest.mark.parametrize("why", ConfirmReason)
def test_every_reason_has_its_answers(why: ConfirmReason) -> None:
    """A reader finds the usual cause, when to agree, when not, and the words; a new reason needs all of them."""
    (row,) = re.findall(rf"(?m)^\| `{why}` \|(.+)\|$", TEXT)

    assert [bool(cell.strip()) for cell in row.split("|")] == [True, True, True]
    assert f"\n### `{why}`\n\n> " in TEXT


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_pictures_of_the_card_are_drawn_by_the_program(scene: Scene) -> None:
    """The answer, found in a world in memory, is drawn as the terminal shows it."""
    assert (PICTURES / f"asking-{scene.name}.svg").read_text(encoding="utf-8") == card_svg(scene.detection())


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_page_in_the_pictures_asks_about_the_hosts(scene: Scene) -> None:
    """The same answer on the page, without anything that a server would have to deliver."""
    html = page_html(scene.detection())

    assert f'value="{scene.incoming} {scene.outgoing}"' in html
    assert ".box.confirm" in html


def test_the_pictures_are_there_and_small() -> None:
    """Each is shown by the page, and none makes a clone of the repository slow."""
    shown = set(re.findall(r"!\[[^]]+\]\((pictures/[^)]+)\)", TEXT))
    found = {str(path.relative_to(DOCS)): path.read_bytes() for path in PICTURES.glob("asking-*")}

    assert set(found) == shown
    assert [name for name, data in found.items() if len(data) > MAX_PICTURE] == []
    assert [name for name, data in found.items() if name.endswith(".png") and not data.startswith(PNG)] == []
