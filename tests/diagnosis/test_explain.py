"""Findings of a detection, without asking the network."""

from __future__ import annotations

from mailsettings.diagnosis.explain import findings_of
from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Failure
from tests.support.diagnosis_runs import ADA, D
from tests.support.values import endpoint

MAIL = f"mail.{D}"


def test_a_mistake_of_ours_is_said_to_be_ours() -> None:
    """
    Nobody else is blamed for it.
    """
    failure = Failure(FailureKind.INTERNAL, endpoint(f"imap://{MAIL}:993"), "ValueError while contacting it")

    found = findings_of(Detection(ADA, failures=(failure,)))

    assert ("our-mistake", "us") in [(item.code, item.whose) for item in found]
