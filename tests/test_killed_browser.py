"""A server that is killed under an open page, and started again."""

import subprocess
from contextlib import contextmanager

import pytest
from browser_tab import QUIET
from playwright.sync_api import expect
from serve import APP, ROOT, Server, serve

pytestmark = [pytest.mark.browser, pytest.mark.long]
OWN = {"name": "own.txt", "mimeType": "text/plain", "buffer": b"a text of my own, and long; " * 100}
ASKED = "This link needs the text"


@contextmanager
def started_again(server):
    """Kill a server, and start another one at its address."""
    server.process.kill()
    server.process.wait()
    options = ("--server.headless=true", f"--server.port={server.port}")
    with server.log.open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [*APP, *options], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=words, stderr=words
        )
    try:
        Server(server.port, server.log, process).wait()
        yield
    finally:
        process.kill()
        process.wait()


def test_a_killed_server_asks_for_an_uploaded_text_again(chromium, tmp_path):
    """What stands on the page stays; what follows is that text's again once it is there."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    characters = page.get_by_test_id("stMetric").filter(has_text="characters")
    length = str(f"{len(OWN['buffer']):,}")
    with serve(tmp_path / "log.txt") as server:
        page.goto(f"{server.address}/tokens?hidden_size=3&open-settings=true")
        page.wait_for_function(QUIET)
        page.locator("input[type=file]").first.set_input_files(OWN)
        expect(characters).to_contain_text(length)
        place = page.url
        assert "fingerprint=" in place
        with page.expect_websocket(), started_again(server):
            page.wait_for_function(QUIET)
            asked = page.get_by_text(ASKED)
            if not asked.count():
                expect(characters).to_contain_text(length)
            page.reload()
            expect(asked).to_be_visible()
            expect(page.get_by_text("Until then the preset's text is shown.")).to_be_visible()
            page.locator("input[type=file]").first.set_input_files(OWN)
            expect(asked).to_have_count(0)
            expect(characters).to_contain_text(length)
            assert page.url == place
    context.close()
