"""Searches over lossy links: packets are lost, come twice, or overtake each other."""

from __future__ import annotations

import pytest

from tests.support.lab.detection_runs import BACKENDS, searched, verified
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.link_emulator import Impairment, impaired

BOTH = ("imap://imap.both.example:993 (tls)", "smtp://smtp.both.example:465 (tls)")
TIMES = 3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "impairment",
    [Impairment(twice=0.3), Impairment(behind=0.3), Impairment(seconds=0.02, twice=0.2, behind=0.2)],
    ids=str,
)
def test_disorder_changes_nothing(lab: Laboratory, impairment: Impairment, backend: str) -> None:
    """
    Every third packet comes twice, or late and behind others: the answer is that of a link without faults.
    """
    with impaired(lab.namespaces, impairment, seed=1):
        actual = {verified(searched(lab, "both.example", backend=backend)) for _ in range(TIMES)}

    assert actual == {BOTH}


@pytest.mark.parametrize(
    ("impairment", "seed"),
    [
        pytest.param(Impairment(loss=0.05), 1, id="5 %"),
        pytest.param(Impairment(loss=0.3), 2, id="30 %"),
        pytest.param(Impairment(seconds=0.02, loss=0.1, twice=0.1, behind=0.1), 3, id="everything"),
    ],
)
def test_losses_cost_time_or_an_answer_never_its_truth(lab: Laboratory, impairment: Impairment, seed: int) -> None:
    """
    What is verified is there just so (see `searched`), and mostly something is; what was lost is sent again in time.
    """
    with impaired(lab.namespaces, impairment, seed=seed):
        found = [verified(searched(lab, "both.example", backend=backend)) for backend in BACKENDS for _ in range(TIMES)]

    assert any(len(each) == 2 for each in found)


@pytest.mark.parametrize("domain", ["wrongname.example", "expired.example", "otherca.example"])
def test_no_lossy_link_makes_a_bad_certificate_good(lab: Laboratory, domain: str) -> None:
    """
    What is refused on a good link is refused on a lossy one.
    """
    with impaired(lab.namespaces, Impairment(loss=0.1, twice=0.1, behind=0.1), seed=4):
        actual = verified(searched(lab, domain))

    assert actual == ()
