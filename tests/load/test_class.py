"""A class that opens one link at once: real sessions, in Streamlit's own protocol."""

import asyncio
import re

from serve import serve
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

STUDENTS = 30
SECONDS = 120
"""For all of them; on a machine of two idle cores it takes a few."""


async def session(port, slug, query):
    """Open a page, wait until it is complete, and return every text and the kinds of elements."""
    said, kinds = [], []
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with connect(
        address, subprotocols=["streamlit"], ping_interval=None, max_size=None, max_queue=None
    ) as connection:
        ask = BackMsg()
        ask.rerun_script.page_name = slug
        ask.rerun_script.query_string = query
        await connection.send(ask.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await connection.recv())
            element = answer.delta.new_element
            kinds.append(element.WhichOneof("type"))
            if kinds[-1] == "progress":
                said.append(element.progress.text)
            elif kinds[-1] == "alert":
                said.append(element.alert.body)
            # a page on a new server starts again once, through app.py
            done = answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            if done and "bidi_component" in kinds:
                return said, kinds


async def sessions(port, queries):
    async with asyncio.timeout(SECONDS):
        return await asyncio.gather(*(session(port, "cell", query) for query in queries))


def assert_served(seen):
    for said, kinds in seen:
        assert "exception" not in kinds
        assert all(re.match(r"Training: |Looking back: ", text) for text in said), said


def test_a_class_opens_one_link_with_updates():
    with serve() as server:
        seen = asyncio.run(sessions(server.port, ["hidden_size=31&updates=300"] * STUDENTS))
    assert len(seen) == STUDENTS
    assert_served(seen)
    said = {text for texts, _ in seen for text in texts}
    assert not any("before you" in text for text in said), "one training takes one place"


def test_different_links_are_served_in_turn():
    links = [f"hidden_size=31&updates=60&seed={seed}" for seed in range(8)]
    with serve() as server:
        seen = asyncio.run(sessions(server.port, links))
    assert_served(seen)
    assert any("before you" in text for texts, _ in seen for text in texts), "a queue is shown"
