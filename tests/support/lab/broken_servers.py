"""Servers that are broken in one way or two, for diagnoses of typed settings; no domain leads to them."""

from __future__ import annotations

from tests.support.lab.provider_zones import EVERYTHING
from tests.support.lab.world import EXCHANGER, IMAPS, SUBMISSIONS, Certificate, Fault, Host, Zone

BROKEN = (
    Zone(
        "broken.example",
        (
            # The usual end of a forgotten machine.
            Host("forgotten", EVERYTHING, Certificate(("old-name.broken.example",), Fault.EXPIRED)),
            Host("homemade", (IMAPS, SUBMISSIONS), Certificate(("localhost.localdomain",), Fault.SELF_SIGNED)),
            Host("unlinked", (IMAPS, SUBMISSIONS), Certificate(fault=Fault.INCOMPLETE)),
            Host("exchanger", (EXCHANGER,)),
        ),
    ),
)
