"""What the page says while a search is running."""

import pytest

from mailsettings.events import Asked
from mailsettings.model import URL, Question, Where
from mailsettings.web.page.progress import progress_text


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (URL("https://autoconfig.example.org/mail.xml"), "Asking autoconfig.example.org"),
        (URL("https://example.org/discover.xml", "POST"), "Asking example.org"),
        (Question("example.org", "MX"), "Looking up example.org"),
    ],
    ids=["document", "post", "dns"],
)
def test_a_lookup_is_named_by_where_it_goes(where: Where, text: str) -> None:
    """
    A document by its host, a DNS question by the domain of the address.
    """
    _, actual = progress_text(Asked(0.0, str(where), where), "example.org")

    assert text == actual
