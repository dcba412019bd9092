"""A class that opens one link at once."""

import asyncio
import re

from serve import serve
from visitor import Visitor

STUDENTS = 30


async def session(port, query):
    """Open a page, and return what its bars said and the kinds of its elements."""
    async with Visitor(port) as visitor:
        await visitor.open("cell", query)
        return visitor.said, visitor.kinds


async def sessions(port, queries):
    return await asyncio.gather(*(session(port, query) for query in queries))


def assert_served(seen):
    for said, kinds in seen:
        assert "exception" not in kinds
        assert "bidi_component" in kinds
        assert all(re.match(r"Training: |Looking back: ", text) for text in said), said


def test_a_class_opens_one_link_with_updates():
    with serve() as server:
        seen = asyncio.run(sessions(server.port, ["hidden_size=31&updates=300"] * STUDENTS))
    assert len(seen) == STUDENTS
    assert_served(seen)
    said = {text for texts, _ in seen for text in texts}
    assert not any("before you" in text for text in said), "one training takes one place"


def test_different_links_are_served_in_turn(amount):
    links = [f"hidden_size=31&updates=60&seed={seed}" for seed in range(amount(8, 30))]
    with serve() as server:
        seen = asyncio.run(sessions(server.port, links))
    assert_served(seen)
    assert any("before you" in text for texts, _ in seen for text in texts), "a queue is shown"
