"""Ten users who look at pages, beside users who have long texts cut into byte pairs."""

import asyncio
import random

import pytest
from serve import serve
from visitor import Visitor

USERS = 10
SIZES = [*map(str, range(1, 17)), "20", "24", "28", "32"]
PAGES = ("tokens", "embedding", "cell", "time", "prediction", "loss", "gradients")
TEXT = 199_000
LETTERS = "abcdefghijklmnopqrstuvwxyz     ,."


async def look(port, number, changes):
    """Change the hidden size or the page now and then; return the seconds that each took."""
    rng, seconds = random.Random(number), []
    async with Visitor(port) as visitor:
        await visitor.open("cell", "hidden_size=5")
        for _ in range(changes):
            await asyncio.sleep(rng.uniform(0.2, 0.8))
            if rng.random() < 0.6:
                size = rng.choice(SIZES)
                seconds.append(await visitor.set(hidden_size=size))
                assert visitor.stage is None or visitor.hidden_size == int(size)
            else:
                seconds.append(await visitor.go(rng.choice(PAGES)))
            assert_shown(visitor)
    return seconds


async def cut(port, number, enough):
    """Upload one long text after the other; each is cut into byte pairs."""
    rng, texts = random.Random(number), 0
    async with Visitor(port) as visitor:
        await visitor.open("tokens", "tokenizer=bpe&merges=256&end_of_text=false")
        while not enough.is_set():
            await visitor.upload("".join(rng.choices(LETTERS, k=TEXT)))
            assert_shown(visitor)
            texts += 1
    return texts


def assert_shown(visitor):
    assert "exception" not in visitor.kinds
    assert not visitor.errors


async def all_users(port, changes, cutters):
    """Return the seconds of all changes of the ten, and how many texts were cut meanwhile."""
    enough = asyncio.Event()
    beside = [asyncio.create_task(cut(port, 100 + i, enough)) for i in range(cutters)]
    await asyncio.sleep(1 if cutters else 0)
    each = await asyncio.gather(*(look(port, i, changes) for i in range(USERS)))
    enough.set()
    texts = sum(await asyncio.gather(*beside))
    return sorted(second for seconds in each for second in seconds), texts


def percentile(seconds, share):
    return seconds[min(int(share * len(seconds)), len(seconds) - 1)]


@pytest.mark.parametrize("cutters", [1, 3])
def test_ten_users_beside_others_who_cut_long_texts(cutters, amount, figure):
    if cutters > amount(1, 3):
        pytest.skip("in the long version only")
    changes = amount(2, 25)
    with serve() as server:
        before, _ = asyncio.run(all_users(server.port, changes, 0))
        beside, texts = asyncio.run(all_users(server.port, changes, cutters))
        after, _ = asyncio.run(all_users(server.port, amount(0, changes), 0))
    assert texts >= cutters
    alone = sorted([*before, *after])
    ratio = {}
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        seconds = percentile(alone, share), percentile(beside, share)
        ratio[name] = seconds[1] / seconds[0]
        figure(
            f"ten users: {name} alone; beside {cutters} who cut long texts",
            f"{1000 * seconds[0]:.0f} ms; {1000 * seconds[1]:.0f} ms, × {ratio[name]:.1f}",
        )
    # where texts are cut in Python itself, half of all changes take 24 times as long
    assert ratio["p50"] < 8
