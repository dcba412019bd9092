"""Memory stays bounded, whatever users do and however many come and go."""

import asyncio
import random
import sys
import urllib.request

import pytest
from memory import MB, peak, resident
from serve import serve
from visitor import Visitor

from explainer.app.cache import BUDGET
from explainer.app.gate import MEMORY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="memory is counted otherwise")
WIDE = [chr(0x1F300 + i) for i in range(60)]
"""Characters that Python holds in 4 bytes each."""
TEXT = 199_000
LARGEST = (
    "preset=story&batch_size=1&context_length={}&hidden_size=256&input=embedding&embedding_size=256"
)
ROOM = 250
"""For what a process takes beside what it counts: threads, messages, what Python keeps, in MB."""


def assert_shown(visitor):
    assert "exception" not in visitor.kinds
    assert not visitor.errors


async def one_after_the_other(server, slug, query, change, count):
    """Let one user do so many changes; return the memory before and after them, in MB."""
    async with Visitor(server.port) as visitor:
        await visitor.open(slug, query)
        await change(visitor, 0)
        before = resident(server.process)
        for i in range(1, count + 1):
            await change(visitor, i)
            assert_shown(visitor)
        assert uploaded(server) <= 4 * TEXT, "a text takes the place of the one before"
        return before, resident(server.process)


def uploaded(server):
    """The bytes of all files that Streamlit holds, as it says itself."""
    with urllib.request.urlopen(f"{server.address}/_stcore/metrics") as answer:
        said = answer.read().decode()
    return sum(float(line.split()[-1]) for line in said.splitlines() if "UploadedFile" in line)


async def upload(visitor, i):
    await visitor.upload("".join(random.Random(i).choices(WIDE, k=TEXT)))


async def seed(visitor, i):
    await visitor.set(seed=1_000 + i)


@pytest.mark.parametrize(
    ("what", "change", "short", "long"),
    [("uploads of 796 kB", upload, 8, 600), ("seeds", seed, 40, 5_000)],
    ids=["uploads", "seeds"],
)
def test_what_is_kept_for_a_user_is_bounded(what, change, short, long, amount, figure):
    count = amount(short, long)
    query = "tokenizer=characters&end_of_text=false"
    with serve() as server:
        before, after = asyncio.run(one_after_the_other(server, "cell", query, change, count))
    figure(f"memory before and after {count:,} {what} of one user", f"{before}; {after} MB")
    assert after - before < BUDGET // MB + ROOM


async def sessions(server, first, count):
    """Let so many users come, look and leave, eight at a time."""
    places = asyncio.Semaphore(8)

    async def one(i):
        async with places, Visitor(server.port) as visitor:
            slug = ("cell", "time", "gradients", "tokens", "loss")[i % 5]
            await visitor.open(slug, f"hidden_size={1 + i % 50}&seed={i % 100}")
            await visitor.set(hidden_size=str(1 + i * 7 % 16))
            assert_shown(visitor)

    await asyncio.gather(*(one(first + i) for i in range(count)))
    return resident(server.process)


def test_sessions_that_end_leave_nothing(amount, figure):
    """After the first third all runs are kept, and nothing more is."""
    count = amount(6, 500)
    with serve() as server:
        after = [asyncio.run(sessions(server, i * count, count)) for i in range(3)]
    figure(
        f"memory after {count}, {2 * count}, {3 * count} sessions",
        "; ".join(map(str, after)) + " MB",
    )
    assert after[2] - after[0] < ROOM


async def open_all(server, queries):
    async def one(query):
        async with Visitor(server.port) as visitor:
            await visitor.open("cell", query)
            assert_shown(visitor)

    await asyncio.gather(*map(one, queries))


def test_the_largest_runs_at_once_take_no_more_than_the_gate_lets_in(amount, figure):
    users, length = amount(4, 12), amount(512, 4096)
    queries = [f"{LARGEST.format(length)}&seed={i}" for i in range(users)]
    with serve() as server:
        asyncio.run(open_all(server, ["hidden_size=3"]))
        before = resident(server.process)
        most = asyncio.run(peak(server.process, open_all(server, queries)))
        asyncio.run(open_all(server, ["hidden_size=4"]))
        after = resident(server.process)
    figure(
        f"memory before, at most, after {users} of the largest runs at once",
        f"{before}; {most}; {after} MB",
    )
    assert most - before < (BUDGET + MEMORY) // MB + ROOM
