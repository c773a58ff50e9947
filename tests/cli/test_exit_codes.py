"""Exit codes."""

from dataclasses import replace

import pytest

from mailsettings.cli.exit_codes import ExitCode, both_verified, exit_code
from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Failure, Task
from mailsettings.schema import to_dict
from tests.support import detections

DETECTIONS = {name: value for name, value in vars(detections).items() if isinstance(value, Detection)}


@pytest.mark.parametrize(
    ("detection", "code"),
    [
        pytest.param(detections.VERIFIED, ExitCode.VERIFIED, id="both verified"),
        pytest.param(detections.CONFIRM, ExitCode.VERIFIED, id="verified, to be confirmed"),
        pytest.param(detections.INCOMING_ONLY, ExitCode.UNVERIFIED, id="incoming only"),
        pytest.param(detections.UNVERIFIED, ExitCode.UNVERIFIED, id="known, not verified"),
        pytest.param(detections.NOTHING, ExitCode.NOTHING, id="nothing found"),
        pytest.param(detections.NO_NETWORK, ExitCode.NO_NETWORK, id="no network"),
        pytest.param(
            replace(detections.UNVERIFIED, failures=detections.NO_NETWORK.failures),
            ExitCode.UNVERIFIED,
            id="no network, but known from the table",
        ),
        pytest.param(
            replace(detections.NO_NETWORK, failures=(Failure(FailureKind.CONNECT_TIMEOUT, Task("x")),)),
            ExitCode.NOTHING,
            id="silence alone is no broken network",
        ),
        pytest.param(
            replace(
                detections.NO_NETWORK,
                failures=(*detections.NO_NETWORK.failures, Failure(FailureKind.REFUSED, Task("x"))),
            ),
            ExitCode.NOTHING,
            id="one server shows that there is a network",
        ),
        pytest.param(
            replace(detections.NO_NETWORK, failures=(*detections.NO_NETWORK.failures, detections.NOTHING.failures[0])),
            ExitCode.NO_NETWORK,
            id="a resolver that knows no name is no network",
        ),
    ],
)
def test_the_exit_code_says_what_was_found(detection: Detection, code: ExitCode) -> None:
    """
    0 verified, 1 not verified, 3 nothing, 4 no network and nothing known either.
    """
    assert code == exit_code(to_dict(detection))


@pytest.mark.parametrize("detection", DETECTIONS.values(), ids=DETECTIONS)
def test_the_json_form_is_verified_where_the_detection_is(detection: Detection) -> None:
    """
    The exit code is read from the JSON form, without the model; both agree on "verified in both directions".
    """
    assert both_verified(to_dict(detection)) == detection.verified
