"""Exit codes."""

from dataclasses import replace

import pytest

from mailsettings.cli.exit_codes import Exit, exit_code
from mailsettings.errors import Kind
from mailsettings.model import Detection, Failure, Task
from mailsettings.schema import to_dict
from tests.cli import detections


@pytest.mark.parametrize(
    ("detection", "code"),
    [
        pytest.param(detections.VERIFIED, Exit.VERIFIED, id="both verified"),
        pytest.param(detections.CONFIRM, Exit.VERIFIED, id="verified, to be confirmed"),
        pytest.param(detections.INCOMING_ONLY, Exit.UNVERIFIED, id="incoming only"),
        pytest.param(detections.UNVERIFIED, Exit.UNVERIFIED, id="known, not verified"),
        pytest.param(detections.NOTHING, Exit.NOTHING, id="nothing found"),
        pytest.param(detections.NO_NETWORK, Exit.NO_NETWORK, id="no network"),
        pytest.param(
            replace(detections.UNVERIFIED, failures=detections.NO_NETWORK.failures),
            Exit.UNVERIFIED,
            id="no network, but known from the table",
        ),
        pytest.param(
            replace(detections.NO_NETWORK, failures=(Failure(Kind.CONNECT_TIMEOUT, Task("x")),)),
            Exit.NOTHING,
            id="silence alone is no broken network",
        ),
        pytest.param(
            replace(
                detections.NO_NETWORK, failures=(*detections.NO_NETWORK.failures, Failure(Kind.REFUSED, Task("x")))
            ),
            Exit.NOTHING,
            id="one server shows that there is a network",
        ),
        pytest.param(
            replace(detections.NO_NETWORK, failures=(*detections.NO_NETWORK.failures, detections.NOTHING.failures[0])),
            Exit.NO_NETWORK,
            id="a resolver that knows no name is no network",
        ),
    ],
)
def test_the_exit_code_says_what_was_found(detection: Detection, code: Exit) -> None:
    """
    0 verified, 1 not verified, 3 nothing, 4 no network and nothing known either.
    """
    assert code == exit_code(to_dict(detection))
