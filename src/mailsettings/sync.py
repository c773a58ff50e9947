"""The blocking variant, for programs without an event loop: `sync.detect("ada@example.org")`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from mailsettings.address import EmailAddress
    from mailsettings.interfaces import Net, Prober
    from mailsettings.leads import Source
    from mailsettings.model import Detection
    from mailsettings.policy import Policy


def detect(
    address: str | EmailAddress,
    *,
    sources: Sequence[Source] | None = None,
    policy: Policy | None = None,
    net: Net | None = None,
    prober: Prober | None = None,
    today: date | None = None,
) -> Detection:
    """Return what `await mailsettings.detect(...)` returns; blocks the thread for as long as *policy* allows.

    May be called in any number of threads at once. Raises AddressError if *address* is not one, and RuntimeError
    inside an event loop, which it would block.
    """
    from functools import partial

    import anyio

    from mailsettings.engine import detect as detect_async

    _refuse_inside_a_loop()
    search = partial(detect_async, address, sources=sources, policy=policy, net=net, prober=prober, today=today)
    return anyio.run(search)


def _refuse_inside_a_loop() -> None:
    import anyio

    try:
        anyio.get_cancelled_exc_class()
    except RuntimeError:  # the documented sign of "no event loop here"
        return
    raise RuntimeError("sync.detect() would block the running event loop: await mailsettings.detect() instead")
