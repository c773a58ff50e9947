"""Problem details: errors as JSON documents (RFC 9457).

{"type": "urn:mailsettings:problem:too-many", "title": "Too many requests", "status": 429, "detail": "…"}

A problem repeats nothing of the request, which may contain a password.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from mailsettings.errors import MailSettingsError

MEDIA_TYPE = "application/problem+json"
_URN = "urn:mailsettings:problem:"
TITLES = {
    "bad-request": "The request cannot be understood",
    "bad-address": "That is no email address",
    "confirmation-required": "The user has to agree first",
    "cross-site": "The request comes from another site",
    "insecure": "Passwords are taken over https only",
    "not-found": "There is no such thing",
    "method-not-allowed": "Not with this method",
    "too-large": "The request is too large",
    "too-many": "Too many requests",
    "too-slow": "The request did not arrive in time",
    "overloaded": "The service is busy",
    "mistake": "A mistake in the service",
}


class Problem(MailSettingsError):  # noqa: N818 - the name RFC 9457 gives it
    """An error response."""

    def __init__(
        self, status: int, name: str, detail: str, *, retry_after: int | None = None, **members: object
    ) -> None:
        """*name* is a key of TITLES, *retry_after* is in seconds, *members* are extension members of the document."""
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.retry_after = retry_after
        self.members = members

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        head = {"type": f"{_URN}{self.name}", "title": TITLES[self.name], "status": self.status}
        return {**head, "detail": self.detail, **self.members}

    def response(self) -> JSONResponse:
        """Return the problem as a response, with a Retry-After header where it has one."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse(self.document(), self.status, headers, MEDIA_TYPE)


class BadAddress(Problem):
    """The address is none; *meant*, which repeats part of the request, is for the page and not in the document."""

    def __init__(self, detail: str, meant: str = "") -> None:
        super().__init__(422, "bad-address", detail)
        self.meant = meant


def problem_of_status(status: int) -> Problem:
    """Return the problem for a bare *status* of the framework."""
    match status:
        case 404:
            return Problem(404, "not-found", "there is nothing at this path")
        case 405:
            return Problem(405, "method-not-allowed", "this path is not asked with this method")
        case 413:
            return Problem(413, "too-large", "the body is too large")
    return Problem(status, "bad-request" if status < 500 else "mistake", "the request could not be answered")
