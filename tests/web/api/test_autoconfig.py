"""The service as an autoconfig server."""

import pytest

from mailsettings.formats.clientconfig import read
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio
PATH = "/mail/config-v1.1.xml"


async def test_it_is_off_by_default() -> None:
    """
    Who has not asked for it serves no documents for other people's domains.
    """
    async with service(world()) as app:
        response = await Visitor(app).get(PATH, params={"emailaddress": "ada@example.org"})

    assert response.status_code == 404


@pytest.mark.parametrize("path", [PATH, "/.well-known/autoconfig/mail/config-v1.1.xml"])
async def test_what_was_verified_is_a_document(path: str) -> None:
    """
    It can be read back, and has templates instead of the visitor's name.
    """
    async with service(world(), autoconfig=True) as app:
        response = await Visitor(app).get(path, params={"emailaddress": "ada@example.org"})

    found = read(response.content, "example.org")
    assert [str(server.endpoint) for server in found.incoming] == ["imap://imap.example.org:993 (tls)"]
    assert "ada@" not in response.text


async def test_the_host_name_says_whose_settings() -> None:
    """
    A domain can point its autoconfig name at the service.
    """
    async with service(world(), autoconfig=True) as app:
        response = await Visitor(app).get(PATH, headers={"host": "autoconfig.example.org"})

    assert (response.status_code, "imap.example.org" in response.text) == (200, True)


@pytest.mark.parametrize("address", ["ada@customer.example", "ada@nowhere.example"])
async def test_what_needs_a_question_is_no_document(address: str) -> None:
    """
    Foreign servers without an authentic source, or none: 404.
    """
    async with service(world(), autoconfig=True) as app:
        response = await Visitor(app).get(PATH, params={"emailaddress": address})

    assert response.status_code == 404
