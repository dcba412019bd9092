"""Training in a browser: watched, paused, looked back at, shared, by several readers at once."""

import re
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from browser_tab import DESKTOP, soon, watched
from playwright.sync_api import expect
from serve import serve
from stage_tab import START, StageTab, button, cells, expect_cells, expect_time, stage

from explainer import PRESETS
from explainer.app.gate import PATIENCE, TURN
from explainer.stage.chapters import chapter as chapter_of

pytestmark = [pytest.mark.browser, pytest.mark.long]
MOST = "20000"
STEP = """async (root, button) => {
    const before = root.dataset.t, start = performance.now();
    button.click();
    while (root.dataset.t === before) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""
"""Milliseconds from a click to the next time step, drawn."""


class Reader(StageTab):
    """A reader who trains."""

    def training(self, **query):
        """Open the chapter by a link."""
        self.page.goto(f"{self.address}/training?" + "&".join(f"{k}={v}" for k, v in query.items()))
        self.page.get_by_role("button", name="start training").wait_for(timeout=90_000)
        self.settle(60)

    def to_training(self):
        """Open the chapter through the menu."""
        links = self.page.get_by_test_id("stSidebarNavLink")
        links.get_by_text(chapter_of("training").title, exact=True).click()
        expect(self.page.locator("h1")).to_have_text("Training")
        self.page.get_by_role("button", name=re.compile("^(start|resume) training")).wait_for()
        self.settle()

    def ask_for(self, updates):
        field = self.page.get_by_role("spinbutton", name="Updates to do")
        field.fill(updates)
        field.press("Enter")
        self.settle()

    def train(self, updates=MOST):
        """Press the button, and wait for the first updates."""
        self.ask_for(updates)
        self.start.click()
        soon(self.page, lambda: self.done() > 0)

    @property
    def start(self):
        return self.page.get_by_role("button", name=re.compile("^(start|resume) training"))

    def done(self):
        """How many updates are done, as the page says while it trains; else 0."""
        for text in self.page.get_by_test_id("stProgress").all_inner_texts():
            if found := re.search(r"([\d,]+) of [\d,]+ updates", text):
                return int(found[1].replace(",", ""))
        return 0

    def pause(self):
        """Pause; return how many updates are done."""
        self.page.get_by_role("button", name="pause", exact=True).click()
        said = self.page.get_by_text(re.compile(r"^[\d,]+ updates done\.$"))
        expect(said).to_be_visible()
        self.settle()
        return int(said.inner_text().split()[0].replace(",", ""))

    def look_at(self, updates):
        """Scrub to a network, and show it everywhere."""
        checkpoint_slider = self.page.get_by_role("slider", name="Show the network")
        checkpoint_slider.focus()
        self.page.keyboard.press("Home")
        soon(self.page, lambda: checkpoint_slider.get_attribute("aria-valuetext") == "0")
        for at in map(str, range(1, updates + 1)):  # a key before it is drawn again is lost
            self.page.keyboard.press("ArrowRight")
            soon(self.page, lambda at=at: checkpoint_slider.get_attribute("aria-valuetext") == at)
        self.page.wait_for_timeout(300)  # what is moved by keys is sent after a moment
        self.settle()
        self.page.get_by_role("button", name="show it everywhere").click()
        self.shows(updates)
        soon(self.page, lambda: self.query.get("updates") == str(updates))
        self.settle()

    def shows(self, updates):
        said = self.page.get_by_text("The other chapters, and the link, show the network")
        expect(said).to_contain_text(f"after {updates:,} updates")


@contextmanager
def arriving(chromium, server):
    """A reader with a browser of their own, in which nothing may go wrong."""
    context = chromium.new_context(viewport=DESKTOP)
    reader = Reader(context, server.address)
    try:
        yield reader
    finally:
        context.close()
    assert reader.problems == []


@pytest.fixture
def readers(chromium, server):
    """Three readers of one server."""
    with (
        watched(server),
        arriving(chromium, server) as first,
        arriving(chromium, server) as second,
        arriving(chromium, server) as third,
    ):
        yield first, second, third


def test_a_training_is_watched_paused_looked_back_at_and_shared(chromium, server, tmp_path):
    settings = replace(START, updates=7)
    with arriving(chromium, server) as reader:
        reader.training(preset="start")
        page = reader.page
        expect(page.get_by_text("No updates done yet.")).to_be_visible()
        reader.train()
        early = reader.done()
        soon(page, lambda: reader.done() > early + 20)
        expect(reader.start).to_be_disabled()
        done = reader.pause()
        assert done > early + 20
        page.wait_for_timeout(1500)
        assert page.get_by_text(f"{done:,} updates done.").is_visible(), "paused"
        expect(page.get_by_role("button", name="resume training")).to_be_enabled()
        reader.look_at(7)
        written = page.get_by_test_id("stCode").first.inner_text()
        reader.choose("cell")
        assert any(name == "z" for name, *_ in expect_cells(page, settings))
        shown = cells(page)
        path, link = page.url.removeprefix(server.address), dict(reader.query)
        assert link["updates"] == "7"
        with serve(tmp_path / "log.txt") as fresh:
            with arriving(chromium, fresh) as other:
                other.page.goto(f"{fresh.address}{path}")
                other.stage("cell", 90)
                expect_cells(other.page, settings)
                assert cells(other.page) == shown
                assert other.query == link
                other.to_training()
                other.shows(7)
                assert other.page.get_by_test_id("stCode").first.inner_text() == written
            assert "Traceback" not in fresh.log.read_text("utf-8")
        reader.to_training()
        reader.shows(7)
        page.get_by_role("button", name="reset").click()
        expect(page.get_by_text("No updates done yet.")).to_be_visible()
        soon(page, lambda: "updates" not in reader.query)
        reader.choose("cell")
        expect_cells(page, START)


def test_two_train_while_a_third_steps(readers):
    first, second, third = readers
    wanted = (
        replace(PRESETS["math"], seed=5, updates=6),
        replace(START, variant="reset_before", updates=9),
    )
    first.training(preset="math", seed=5)
    second.training(preset="start", variant="reset_before")
    third.open("cell", preset="story")
    first.train()
    second.train()
    before = first.done(), second.done()
    took = []
    for t in range(1, 9):
        handle = button(third.page, "next time step").element_handle()
        took.append(stage(third.page).evaluate(STEP, handle))
        expect_time(third.page, t)
    expect_cells(third.page, PRESETS["story"])
    third.choose("prediction")
    expect_cells(third.page, PRESETS["story"])
    assert max(took) < 1000
    for reader, done in zip((first, second), before, strict=True):
        soon(reader.page, lambda r=reader, done=done: r.done() > done)
    for reader, settings in zip((first, second), wanted, strict=True):
        reader.pause()
        reader.look_at(settings.updates)
        reader.choose("cell")
        expect_cells(reader.page, settings)


def test_who_leaves_makes_room(readers):
    first, second, third = readers
    for i, reader in enumerate(readers):
        reader.training(preset="start", seed=20 + i)
    first.train()
    second.train()
    third.ask_for(MOST)
    third.start.click()
    # Streamlit draws the new state of a part before it takes the old one away
    waits = third.page.get_by_text("Training: waiting for a place, you are next")
    expect(waits.first).to_be_visible()
    first.page.close()
    left = time.monotonic()
    while not third.done():
        assert time.monotonic() - left < PATIENCE + 12, "whoever is not there has still a place"
        third.page.wait_for_timeout(500)
    soon(third.page, lambda: waits.count() == 0)
    left = time.monotonic()
    done = second.done(), third.done()
    while time.monotonic() - left < TURN + 2:  # two places for two: nobody takes turns any more
        assert waits.count() == 0
        third.page.wait_for_timeout(500)
    for reader, before in zip((second, third), done, strict=True):
        soon(reader.page, lambda r=reader, before=before: r.done() > before)
    for reader in (second, third):
        reader.pause()
