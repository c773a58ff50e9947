"""The OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # has no types of its own
import pytest

from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


async def test_the_description_fits_the_answers() -> None:
    """
    A real answer is valid by the schema that /openapi.json gives for it.
    """
    async with service(world()) as app:
        described = (await Visitor(app).get("/openapi.json")).json()
        answer = (await Visitor(app).detect("ada@example.org")).json()

    jsonschema.validate(answer, {"$ref": "#/components/schemas/Detection", **described})
    for name in ("Detection", "Problem", "Told", "Verification"):
        (example,) = described["components"]["schemas"][name]["examples"]
        jsonschema.validate(example, {"$ref": f"#/components/schemas/{name}", **described})


async def test_the_description_has_examples() -> None:
    """
    Everything that can be sent and everything that comes back is shown once; what is shown is accepted.
    """
    async with service(world()) as app:
        ada = Visitor(app)
        described = (await ada.get("/openapi.json")).json()
        statuses = {
            path: (await ada.post(path, example)).status_code
            for path, example in bodies(described)
            if path != "/v1/verify"  # example.org has no mailbox here: see test_verify
        }

    assert statuses == {"/v1/detect": 200, "/v1/detect/stream": 200}


def bodies(described: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each path that takes a body, and the example of it."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                yield path, described["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]
