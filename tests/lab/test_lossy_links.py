"""Searches over bad ways: packets are lost, come twice, or overtake each other."""

from __future__ import annotations

import pytest

from tests.support.lab.detection_runs import BACKENDS, searched, verified
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.link_emulator import Way, rough

BOTH = ("imap://imap.both.example:993 (tls)", "smtp://smtp.both.example:465 (tls)")
TIMES = 3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("way", [Way(twice=0.3), Way(behind=0.3), Way(seconds=0.02, twice=0.2, behind=0.2)], ids=str)
def test_disorder_changes_nothing(lab: Laboratory, way: Way, backend: str) -> None:
    """
    Every third packet comes twice, or late and behind others: the answer is that of a good way.
    """
    with rough(lab.namespaces, way, seed=1):
        actual = {verified(searched(lab, "both.example", backend=backend)) for _ in range(TIMES)}

    assert actual == {BOTH}


@pytest.mark.parametrize(
    ("way", "seed"),
    [
        pytest.param(Way(loss=0.05), 1, id="5 %"),
        pytest.param(Way(loss=0.3), 2, id="30 %"),
        pytest.param(Way(seconds=0.02, loss=0.1, twice=0.1, behind=0.1), 3, id="everything"),
    ],
)
def test_losses_cost_time_or_an_answer_never_its_truth(lab: Laboratory, way: Way, seed: int) -> None:
    """
    What is verified is there just so (see `searched`), and mostly something is; what was lost is sent again in time.
    """
    with rough(lab.namespaces, way, seed=seed):
        found = [verified(searched(lab, "both.example", backend=backend)) for backend in BACKENDS for _ in range(TIMES)]

    assert any(len(each) == 2 for each in found)


@pytest.mark.parametrize("domain", ["wrongname.example", "expired.example", "otherca.example"])
def test_no_bad_way_makes_a_bad_certificate_good(lab: Laboratory, domain: str) -> None:
    """
    What is refused on a good way is refused on a bad one.
    """
    with rough(lab.namespaces, Way(loss=0.1, twice=0.1, behind=0.1), seed=4):
        actual = verified(searched(lab, domain))

    assert actual == ()
