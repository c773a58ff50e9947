"""What is remembered, for how long, and how much of it."""

import anyio

from mailsettings.net.memory import Memory
from mailsettings.testing import run_virtual


def test_it_is_good_for_its_time() -> None:
    """
    For so many seconds, and no more; for none: not at all.
    """

    async def looks() -> list[int | None]:
        memory: Memory[str, int] = Memory(2)
        memory.keep("for ten", 1, 10.0)
        memory.keep("for none", 2, 0.0)
        seen = [memory.find("for ten"), memory.find("for none")]
        await anyio.sleep(10.0)
        return [*seen, memory.find("for ten"), len(memory)]

    assert run_virtual(looks)[0] == [1, None, None, 0]


def test_what_was_used_last_stays() -> None:
    """
    Of three where there is room for two, the one nobody has asked for longest goes; a new value of a key takes no room.
    """

    async def looks() -> list[int | None]:
        memory: Memory[str, int] = Memory(2)
        for key, value in (("first", 1), ("second", 2), ("second", 3)):
            memory.keep(key, value, 10.0)
        memory.find("first")
        memory.keep("third", 4, 10.0)
        return [memory.find(key) for key in ("first", "second", "third")]

    assert run_virtual(looks)[0] == [1, None, 4]
