"""User-name templates: `%EMAILLOCALPART%` and the like, as autoconfig documents write them. Pure."""

from __future__ import annotations

from mailsettings.address import EmailAddress

ADDRESS = "%EMAILADDRESS%"
LOCAL_PART = "%EMAILLOCALPART%"
DOMAIN = "%EMAILDOMAIN%"
# RFC 6186 §4: the full address first, then the part before the @.
USUAL = (ADDRESS, LOCAL_PART)


def fill(template: str, address: EmailAddress) -> str:
    """Return *template* with its placeholders replaced by what *address* says."""
    return template.replace(ADDRESS, str(address)).replace(LOCAL_PART, address.local).replace(DOMAIN, address.domain)


def fill_all(templates: tuple[str, ...], address: EmailAddress) -> tuple[str, ...]:
    """Return every form worth trying, in order, without repetition."""
    return tuple(dict.fromkeys(fill(template, address) for template in templates or USUAL))
