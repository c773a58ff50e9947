"""The tables of docs/trust.md are what the rules say."""

from mailsettings.decision.trust import RULES
from mailsettings.model import ConfirmReason, Trust
from scripts.trust_table import PAGE, page


def test_the_page_shows_the_rules_as_they_are() -> None:
    """
    `python -m scripts.trust_table` writes it anew.
    """
    assert PAGE.read_text(encoding="utf-8") == page()


def test_only_questions_have_reasons() -> None:
    """
    And each reason belongs to one rule.
    """
    reasons = [rule.why for rule in RULES if rule.why is not None]

    assert all(rule.trust is Trust.CONFIRM for rule in RULES if rule.why is not None)
    assert len(set(reasons)) == len(reasons) < len(ConfirmReason)
