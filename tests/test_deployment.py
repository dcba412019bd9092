"""deploy/nginx.conf, but for addresses as it is: nginx, two servers, browsers, one machine."""

import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import get_nginx
import pytest
from browser_tab import QUIET
from playwright.sync_api import expect
from serve import ROOT, serve

from explainer.stage.chapters import CHAPTERS

pytestmark = [pytest.mark.browser, pytest.mark.long]
PATH = "/gru"


@pytest.fixture(scope="module")
def servers(chromium, tmp_path_factory):
    """Two processes of the app, as compose.yaml starts them."""
    folder = tmp_path_factory.mktemp("servers")
    command = (sys.executable, "-m", "explainer")
    options = ("--server.baseUrlPath=gru", "--server.allowedHosts=localhost")
    with ExitStack() as stack:
        yield [
            stack.enter_context(serve(folder / f"{i}.txt", command, *options, path=PATH))
            for i in range(2)
        ]


@dataclass
class Proxy:
    """A running nginx."""

    address: str
    log: Path

    def served(self):
        """Each visitor's cookie, and the servers that answered it, by what was asked."""
        found = defaultdict(lambda: defaultdict(set))
        for line in self.log.read_text("utf-8").splitlines():
            cookie, server, asked = line.split(" ")
            found[cookie][server].add(urlsplit(asked).path)
        return found


@pytest.fixture(scope="module")
def proxy(servers, tmp_path_factory):
    """nginx in front of them, which notes who was sent where."""
    nginx = get_nginx.find()
    if nginx is None:
        in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
        (pytest.fail if in_ci else pytest.skip)(get_nginx.NO_NGINX)
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "access.txt"
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8").replace("/tmp/", f"{folder}/")
    note = "log_format note '$cookie_gru_session $upstream_addr $request_uri';"
    for ours, here in {
        "server app:8501;": " ".join(f"server 127.0.0.1:{s.port};" for s in servers),
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "access_log off;": f"{note} access_log {log} note;",
    }.items():
        assert text.count(ours) == 1
        text = text.replace(ours, here)
    file, words = folder / "nginx.conf", folder / "words.txt"
    file.write_text(text, "utf-8")
    command = [nginx, "-p", folder, "-e", "stderr", "-c", file, "-g", "daemon off;"]
    with words.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        wait_for(port, process, words)
        yield Proxy(f"http://localhost:{port}", log)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port, process, words):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, words.read_text("utf-8")
        time.sleep(0.02)
    raise TimeoutError("nginx does not listen")


class Visitor:
    """A browser of its own cookies; keeps what went wrong and which server answered."""

    def __init__(self, chromium, address):
        self.context = chromium.new_context()
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.address = address
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self.said)
        self.page.on("request", self.asked)

    def said(self, message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(message.text)

    def asked(self, request):
        inside = request.url.startswith((f"{self.address}{PATH}/", "data:", "blob:"))
        if not inside:
            self.problems.append(f"outside the path: {request.url}")

    def open(self, slug, query=""):
        self.page.goto(f"{self.address}{PATH}/{slug}{query}")
        self.page.wait_for_function(QUIET, timeout=180_000)

    def cookie(self):
        (found,) = [c for c in self.context.cookies() if c["name"] == "gru_session"]
        return found["value"]


@pytest.fixture
def visit(chromium, proxy):
    visitors = []

    def new():
        visitors.append(Visitor(chromium, proxy.address))
        return visitors[-1]

    yield new
    for visitor in visitors:
        visitor.context.close()


def get(address):
    """The headers of an answer, of an error, too."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.headers
    except urllib.error.HTTPError as error:
        return error.headers


def test_every_chapter_keeps_to_the_content_security_policy(visit):
    visitor = visit()
    for chapter in CHAPTERS:
        visitor.open(chapter.slug)
        expect(visitor.page.get_by_test_id("stException")).to_have_count(0)
        assert not visitor.problems, chapter.slug
    visitor.open("gradients")
    for summary in visitor.page.locator("[data-testid=stExpander] summary").all():
        summary.click()  # charts, tables and formulas are drawn when they are opened
    visitor.page.wait_for_function(QUIET, timeout=180_000)
    assert not visitor.problems


def test_the_policy_stops_what_is_foreign(visit):
    visitor = visit()
    visitor.open("tokens")
    ran = """() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.head.append(script);
        return window.ran === true;
    }"""
    assert visitor.page.evaluate(ran) is False
    stopped = visitor.page.evaluate("() => fetch('http://127.0.0.1:9/').then(() => 0, () => 1)")
    assert stopped == 1
    assert any("Content Security Policy" in problem for problem in visitor.problems)


def test_a_path_too_deep_leads_home(visit):
    visitor = visit()
    visitor.open("cell/x/y", "?hidden_size=3")
    expect(visitor.page.locator("h1")).to_have_text("GRU Explainer")
    assert visitor.page.url == f"{visitor.address}{PATH}/?hidden_size=3"
    assert not visitor.problems


LED = {
    "/": "/gru/",
    "/gru?seed=7": "/gru/?seed=7",
    "/gru/cell/?t=3": "/gru/cell?t=3",
    "/gru/cell/x": "/gru/",
    "/gru/no/such/page?seed=7": "/gru/?seed=7",
    "/gru/x/static/y": "/gru/",
    "/gru/a%0d%0aX-Bad:%201/x": "/gru/",
    "/gru/cell/%0d%0aX-Bad:%201": "/gru/",
    "/gru/%0d%0aX-Bad:%201/": "/gru/",
}
"""Where a path leads: without scheme and port, which may be others in front of this proxy."""


@pytest.mark.parametrize("path", LED)
def test_a_path_leads_to_a_page(proxy, path):
    connection = http.client.HTTPConnection(urlsplit(proxy.address).netloc, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (302, LED[path])
    assert answer.getheader("X-Bad") is None
    connection.close()


@pytest.mark.parametrize(
    "path", ["_stcore/health", "cell/_stcore/health", "static/no.js", "media/no.png", "cell"]
)
def test_what_streamlit_answers_is_not_led_elsewhere(proxy, path):
    connection = http.client.HTTPConnection(urlsplit(proxy.address).netloc, timeout=30)
    connection.request("GET", f"{PATH}/{path}")
    assert connection.getresponse().status in (200, 404)
    connection.close()


def test_a_stage_is_answered_behind_a_proxy(proxy):
    address = f"{proxy.address}{PATH}/first-values?chapter=cell&hidden_size=3"
    end = time.monotonic() + 60  # until the server has imported what computes
    while (status := urllib.request.urlopen(address, timeout=30).status) == 204:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert status == 200


def test_headers_stand_on_every_answer(proxy):
    for path in ("", "/cell", "/_stcore/health", "/static/nothing.js"):
        headers = get(f"{proxy.address}{PATH}{path}")
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "nginx/" not in headers["Server"]


def test_a_visitor_stays_with_one_server(visit, proxy):
    """With pages, websockets and an upload."""
    visitor = visit()
    visitor.open("cell")
    cookie = visitor.cookie()
    visitor.open("tokens", "?preset=your_text")
    own = {"name": "own.txt", "mimeType": "text/plain", "buffer": b"a text of my own " * 30}
    with visitor.page.expect_response("**/upload_file/**"):
        visitor.page.locator("input[type=file]").first.set_input_files(own)
    visitor.page.wait_for_function(QUIET, timeout=180_000)
    visitor.context.close()  # nginx notes a websocket when it ends
    assert not visitor.problems
    ((server, asked),) = proxy.served()[cookie].items()
    assert server.startswith("127.0.0.1:")
    assert f"{PATH}/_stcore/stream" in asked
    assert any("upload_file" in path for path in asked)


def test_visitors_are_shared_out(proxy):
    """By their cookies, since all have one address."""
    for i in range(64):
        address = f"{proxy.address}{PATH}/_stcore/health"
        asked = urllib.request.Request(address, headers={"Cookie": f"gru_session=visitor{i}"})
        for _ in range(2):
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert "gru_session" not in (answer.headers["Set-Cookie"] or "")
    served = [s for cookie, s in proxy.served().items() if cookie.startswith("visitor")]
    assert {len(s) for s in served} == {1}
    each = Counter(server for s in served for server in s)
    assert len(each) == 2
    assert min(each.values()) >= 16


def test_when_a_server_dies_its_visitors_go_on_at_the_same_place(visit, proxy, servers):
    visitor = visit()
    visitor.open("cell", "?hidden_size=3&t=2")
    cookie, place = visitor.cookie(), visitor.page.url
    port = {int(server.rpartition(":")[2]) for server in proxy.served()[cookie]}
    (mine,) = [server for server in servers if server.port in port]
    mine.process.kill()
    mine.process.wait()
    with visitor.page.expect_websocket(timeout=60_000):
        pass
    visitor.page.wait_for_function(QUIET, timeout=180_000)
    expect(visitor.page.get_by_text("Connection error")).to_have_count(0, timeout=60_000)
    assert visitor.page.url == place
    visitor.open("time", "?hidden_size=3")
    expect(visitor.page.get_by_test_id("stException")).to_have_count(0)
