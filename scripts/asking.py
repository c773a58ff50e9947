"""`python -m scripts.asking`: write what docs/asking.md shows of the questions to users: words, cards, pages.

docs/asking.md                 the part between the marks: what is said for each reason
docs/pictures/asking-*.svg     cards, as the terminal shows them
docs/pictures/asking-*.png     the page, in Chromium (tests/web/install); left as they are where there is none
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

from mailsettings import Detection, Policy, detect
from mailsettings.cli.card import card
from mailsettings.cli.terminal import pen
from mailsettings.diagnosis.confirm_reasons import reason_texts
from mailsettings.model import ConfirmReason
from mailsettings.net.network import open_network
from mailsettings.schema import to_dict
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp
from mailsettings.web.page import layout
from mailsettings.web.page.answer import answer_html
from mailsettings.web.page.forms import address_form

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "asking.md"
PICTURES = DOCS / "pictures"
STYLE = Path(layout.__file__).parent / "static" / "page.css"
ADDRESS = "ada@example.org"
_GENERATED = re.compile(r"(?<=<!-- reasons -->\n).*(?=<!-- end of reasons -->)", re.DOTALL)
_UNUSUAL_EXAMPLES = {
    ConfirmReason.UNUSUAL_NAME: ("old-shop.example.org", "example.org"),
    ConfirmReason.PUBLIC_SUFFIX: ("imap.hoster.example", "co.example"),
}
_SGR = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[0m")
_STYLES = {"1": "font-weight:bold", "2": "fill:#777", "32": "fill:#14693a", "33": "fill:#8a5300;font-weight:bold"}
_LINE, _COLUMN, _MARGIN = 18, 8.45, 14  # pixels


@dataclass(frozen=True, slots=True)
class Scene:
    """A world in which the user is asked: unsigned records of example.org name these servers."""

    name: str
    incoming: str
    outgoing: str

    def detection(self) -> Detection:
        """Return the answer for ADDRESS; its times are virtual, so that it is always the same."""
        net = FakeNetwork(rtt=0.02)
        net.host(self.incoming).serve(imap())
        net.host(self.outgoing).serve(smtp())
        net.records("_imaps._tcp.example.org", SRV=f"0 1 993 {self.incoming}")
        net.records("_submissions._tcp.example.org", SRV=f"0 1 465 {self.outgoing}")
        found, _ = run_virtual(_search, net)
        return found


SCENES = (
    Scene("other-domain", "imap.hoster.example", "smtp.hoster.example"),
    Scene("look-alike", "imap.xn--gmal-nza.com", "smtp.xn--gmal-nza.com"),
)


async def _search(net: FakeNetwork) -> Detection:
    policy = Policy()
    async with open_network(policy, net.transport(policy)) as network:
        return await detect(ADDRESS, policy=policy, net=network)


def with_reasons(page: str) -> str:
    """Return *page*, the text of docs/asking.md, with what is said for each reason between the marks."""
    return _GENERATED.sub(lambda _: "\n".join(["", *_reasons(), ""]), page)


def _reasons() -> Iterator[str]:
    for why in ConfirmReason:
        host, domain = _UNUSUAL_EXAMPLES.get(why, ("imap.hoster.example", "example.org"))
        (text,) = reason_texts([(why, host, 9930)], group="hoster.example", domain=domain)
        yield from (f"### `{why}`", "", *wrap(text, 116, initial_indent="> ", subsequent_indent="> "), "")


def card_svg(detection: Detection) -> str:
    """Return the card of *detection* as a picture."""
    lines = card(to_dict(detection), pen(colours=True)).splitlines()
    width, height = round(80 * _COLUMN) + 2 * _MARGIN, len(lines) * _LINE + 2 * _MARGIN
    rows = (
        f'<text x="{_MARGIN}" y="{_MARGIN + _LINE * number - 4}">{_spans(line)}</text>'
        for number, line in enumerate(lines, 1)
        if line
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" xml:space="preserve">',
            "<style>text{font:14px monospace;fill:#1a2330;white-space:pre}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#f4f6fa"/>',
            *rows,
            "</svg>\n",
        )
    )


def _spans(line: str) -> str:
    """Return *line* as SVG text, its colours as styles."""
    return _SGR.sub(lambda found: f'<tspan style="{_STYLES[found[1]]}">{found[2]}</tspan>', escape(line, quote=False))


def page_html(detection: Detection) -> str:
    """Return the page with the answer, its style inside, so that it needs no server."""
    response = layout.page_response(address_form(ADDRESS), answer_html(detection, password=True), stage=1)
    style = f"<style>{STYLE.read_text(encoding='utf-8')}</style>"
    return bytes(response.body).decode().replace("</head>", f"{style}</head>")


def photograph(pages: dict[Path, str], chromium: str) -> None:
    """Write pictures of the question and the login form of *pages*: HTML by the file to write."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 760, "height": 900}, color_scheme="light")
        for path, html in pages.items():
            window.set_content(html)
            first, last = (window.locator(place).bounding_box() for place in (".headline", ".box.try"))
            assert first
            assert last
            top, end = first["y"] - 12, last["y"] + last["height"] + 12
            clip = {"x": 0.0, "y": top, "width": 760.0, "height": end - top}
            window.screenshot(path=str(path), clip=clip, full_page=True)  # type: ignore[arg-type]  # a TypedDict
        browser.close()


def main() -> None:
    found = {scene.name: scene.detection() for scene in SCENES}
    PICTURES.mkdir(exist_ok=True)
    PAGE.write_text(with_reasons(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for name, detection in found.items():
        (PICTURES / f"asking-{name}.svg").write_text(card_svg(detection), encoding="utf-8")
    if chromium := shutil.which("chromium"):
        pages = {PICTURES / f"asking-{name}.png": page_html(detection) for name, detection in found.items()}
        photograph(pages, chromium)
    else:
        print(
            "no chromium; tests/web/install installs it: the pictures of the page are left as they are", file=sys.stderr
        )


if __name__ == "__main__":
    main()
