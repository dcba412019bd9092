"""What one process can do: changes a second, and what each user who is there takes."""

import asyncio
import random
import sys
import time
from contextlib import AsyncExitStack

import psutil
import pytest
from memory import resident
from serve import serve
from visitor import Visitor

SIZES = [*map(str, range(1, 17)), "20", "24", "28", "32"]


async def crowd(server, users, changes):
    """Let so many users be there at once, who change something without a pause.

    Returns memory and open files before and with them, and the changes a second.
    """
    process = psutil.Process(server.process.pid)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Visitor(server.port))
        await first.open("cell", "hidden_size=5")
        held = [(resident(server.process), process.num_fds())]
        others = [await stack.enter_async_context(Visitor(server.port)) for _ in range(users)]
        for visitor in others:
            await visitor.open("cell", "hidden_size=5")
        held.append((resident(server.process), process.num_fds()))

        async def hurry(number, visitor):
            rng = random.Random(number)
            for _ in range(changes):
                size = rng.choice(SIZES)
                await visitor.set(hidden_size=size)
                assert visitor.hidden_size == int(size)
                assert not visitor.errors

        start = time.perf_counter()
        await asyncio.gather(*(hurry(i, visitor) for i, visitor in enumerate(others)))
        return held, users * changes / (time.perf_counter() - start)


@pytest.mark.skipif(sys.platform == "win32", reason="files are counted otherwise")
def test_many_users_at_once_see_each_their_own(amount, figure):
    users, changes = amount(8, 100), amount(2, 10)
    with serve() as server:
        ((before, files), (after, more)), rate = asyncio.run(crowd(server, users, changes))
    figure(f"{users} users without a pause", f"{rate:.0f} changes a second")
    figure("memory of each user who is there", f"{(after - before) / users:.1f} MB")
    figure("files of each user who is there", f"{(more - files) / users:.1f}")
    assert (more - files) / users < 8
