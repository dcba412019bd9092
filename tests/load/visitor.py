"""A user without a browser: a session in Streamlit's own protocol."""

import asyncio
import http.client
import json
import re
import time
from urllib.parse import parse_qsl, urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

SECONDS = 300
"""For one answer of the server; on a machine of two idle cores it takes far less."""


class Visitor:
    """Opens a page, changes settings, goes to other pages, uploads a text; then leaves.

    Attributes:
        kinds: the kinds of elements that the last answer had.
        said: what its progress bars said.
        errors: what its red boxes said.
        stage: what its stage was sent; None where it had none.
    """

    def __init__(self, port):
        self.port = port
        self.ids, self.pages, self.states = {}, {}, {}
        self.page, self.query, self.name = "", "", ""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.connection.close()

    async def open(self, slug, query=""):
        """Open a link, and return the seconds until the page is complete."""
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        self.connection = await connect(
            address, subprotocols=["streamlit"], ping_interval=None, max_size=None, max_queue=None
        )
        message = BackMsg()
        message.rerun_script.page_name = slug
        self.query = query
        return await self.ask(message)

    async def set(self, **values):
        """Change settings, as their widgets do."""
        for name, value in values.items():
            state = self.state_of(name)
            if isinstance(value, int):
                state.int_value = value
            else:  # a slider has the words of its step
                state.string_array_value.data.append(value)
        self.query = urlencode(dict(parse_qsl(self.query)) | values)
        return await self.ask(self.rerun())

    async def go(self, slug):
        """Go to another page through the menu."""
        self.page = self.pages[slug]
        return await self.ask(self.rerun())

    async def upload(self, text):
        """Upload a text, and return the seconds until the page shows it."""
        start = time.perf_counter()
        message = BackMsg()
        message.file_urls_request.session_id = self.name
        message.file_urls_request.file_names.append("own.txt")
        await self.connection.send(message.SerializeToString())
        (place,) = (await self.receive("file_urls_response")).file_urls_response.file_urls
        await asyncio.to_thread(put, self.port, place.upload_url, text.encode())
        files = self.state_of("upload").file_uploader_state_value.uploaded_file_info
        file = files.add(file_id=place.file_id, name="own.txt", size=len(text.encode()))
        file.file_urls.CopyFrom(place)
        await self.ask(self.rerun())
        return time.perf_counter() - start

    def state_of(self, key):
        """A new, empty state of the widget with a key."""
        (found,) = (i for i in self.ids if i.endswith(f"-{key}"))
        self.states[found] = WidgetState(id=found)
        return self.states[found]

    def rerun(self):
        message = BackMsg()
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.widget_states.widgets.extend(self.states.values())
        return message

    async def receive(self, kind):
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await asyncio.wait_for(self.connection.recv(), SECONDS))
            if kind in ("", answer.WhichOneof("type")):
                return answer

    async def ask(self, message):
        """Run the script, and return the seconds until the page is complete."""
        message.rerun_script.query_string = self.query
        start = time.perf_counter()
        self.kinds, self.said, self.errors, self.stage = [], [], [], None
        await self.connection.send(message.SerializeToString())
        while True:
            answer = await self.receive("")
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                self.name = answer.new_session.initialize.session_id or self.name
                self.page = answer.new_session.page_script_hash
            elif kind == "navigation":
                pages = answer.navigation.app_pages
                self.pages = {page.url_pathname: page.page_script_hash for page in pages}
                self.page = answer.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "delta":
                self.see(answer.delta.new_element)
            # a page on a new server starts again once, through app.py
            done = answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            if kind == "script_finished" and done and "heading" in self.kinds:
                return time.perf_counter() - start

    def see(self, element):
        """Note an element of the page."""
        kind = element.WhichOneof("type")
        if kind is None:
            return
        self.kinds.append(kind)
        if kind == "progress":
            self.said.append(element.progress.text)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(re.sub(r"\\(.)", r"\1", element.alert.body.replace("\u2060", "")))
        elif kind == "bidi_component" and element.bidi_component.id.endswith("-stage"):
            self.stage = json.loads(element.bidi_component.json)
        if name := getattr(getattr(element, kind), "id", ""):
            self.ids[name] = kind

    @property
    def hidden_size(self):
        """The hidden size of the network on the stage."""
        return json.loads(self.stage["meta"])["sizes"]["H"]


def put(port, address, content):
    """Send a file, as Streamlit's page does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", "/_stcore/health")
    answer = connection.getresponse()
    answer.read()
    token = re.search("_streamlit_xsrf=([^;]+)", answer.getheader("set-cookie"))[1]
    head = 'Content-Disposition: form-data; name="file"; filename="own.txt"'
    body = f"--end\r\n{head}\r\nContent-Type: text/plain\r\n\r\n".encode()
    headers = {
        "Content-Type": "multipart/form-data; boundary=end",
        "Cookie": f"_streamlit_xsrf={token}",
        "X-Xsrftoken": token,
    }
    connection.request("PUT", address, body + content + b"\r\n--end--\r\n", headers)
    answer = connection.getresponse()
    assert answer.status < 300, answer.read()
    connection.close()
