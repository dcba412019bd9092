"""What only a browser can show: the address, components, drawing, layout, and a new server.

A second tab costs several times as much as another link in the first, so most tests share a tab;
each link begins a session of its own.
"""

import csv
import io
import re
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error, expect

from explainer import PRESETS, run
from explainer.stage.chapters import CHAPTERS, HOME, TOUR
from explainer.url import read_query

pytestmark = pytest.mark.browser
MENU = [c.title for c in (HOME, TOUR, *CHAPTERS)]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
QUIET = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    const charts = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
    const stages = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
        .map((host) => host.shadowRoot?.querySelector(".stage")).filter(Boolean);
    return app?.dataset.testScriptState === "notRunning"
        && !document.querySelector("[data-stale=true], [data-testid=stSkeleton]")
        && document.querySelector("h1") !== null
        && charts.every((chart) => chart.querySelector(".main-svg .xy, .main-svg .infolayer"))
        && stages.every((stage) => !stage.textContent.trim().startsWith("The stage is being set")
            || stage.querySelector(".fallback").hidden);
}"""
"""Whether everything has been computed and drawn."""


class Tab:
    """A tab, and everything that went wrong in it."""

    def __init__(self, context, address):
        self.page = context.new_page()
        self.address = address
        self.problems = []
        page = self.page
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self.said)
        page.on("response", self.got)
        page.on("request", self.asked)

    def said(self, message):
        # a failed load is told with its address by `got`
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def got(self, response):
        path = urlsplit(response.url).path
        # Streamlit looks under the page's own address first, and then finds both at the root
        known = re.fullmatch(r"/\w+/_stcore/(health|host-config)", path)
        if response.status >= 400 and not known:
            self.problems.append(f"{response.status}: {response.url}")

    def asked(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"asked another server: {request.url}")

    def open(self, path="", **query):
        """Open a link, which begins a new session."""
        self.page.goto(f"{self.address}/{path}?{urlencode(query)}")
        self.settle()
        return self.page

    def settle(self, seconds=30):
        self.page.wait_for_function(QUIET, timeout=seconds * 1000)

    def choose(self, title):
        """Go to a chapter through the menu."""
        hidden = self.page.get_by_test_id("stExpandSidebarButton")
        if hidden.is_visible():
            hidden.click()
        links = self.page.get_by_test_id("stSidebarNavLink")
        links.get_by_text(title, exact=True).click()
        heading = title if title != HOME.title else "GRU Explainer"
        expect(self.page.locator("h1")).to_have_text(heading)
        self.settle()

    @property
    def query(self):
        parameters = parse_qs(urlsplit(self.page.url).query, keep_blank_values=True)
        return {name: values[-1] for name, values in parameters.items()}


@contextmanager
def watched(server, *tabs):
    """Nothing may go wrong here, neither in these tabs nor on their server."""
    before = len(server.log.read_text("utf-8"))
    for tab in tabs:
        tab.problems.clear()
    yield
    for tab in tabs:
        assert tab.problems == []
    assert "Traceback" not in server.log.read_text("utf-8")[before:]


def soon(page, condition):
    """Wait until a condition on the page's address or texts holds."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    assert condition()


FIRST_LINK = {"preset": "math", "hidden_size": "3", "t": "2"}


@pytest.fixture(scope="module")
def shared_tab(chromium, server):
    """The tab of the server's first visitor, who opened a link, and what that looked like."""
    context = chromium.new_context(viewport=DESKTOP)
    tab = Tab(context, server.address)
    page = tab.page
    page.goto(f"{server.address}/loss?{urlencode(FIRST_LINK)}")
    try:
        tab.settle(90)
    except Error:
        tab.first = {"page": page.locator("body").aria_snapshot()}
    else:
        tab.first = {
            "heading": page.locator("h1").all_inner_texts(),
            "menu": page.get_by_test_id("stSidebarNavLink").all_inner_texts(),
            "values": [
                slider(page, name).get_attribute("aria-valuetext")
                for name in ("Hidden size H", "Learning rate")
            ],
            "token": time_slider(page).get_attribute("aria-valuetext"),
            "query": tab.query,
            "in the way": [
                *page.get_by_role("dialog").all_inner_texts(),
                *page.get_by_text("Page not found").all_inner_texts(),
                *page.get_by_test_id("stException").all_inner_texts(),
                *tab.problems,
                *re.findall("Traceback", server.log.read_text("utf-8")),
            ],
        }
    yield tab
    context.close()


@pytest.fixture
def tab(shared_tab, server):
    """A tab as if it were new."""
    page = shared_tab.page
    with watched(server, shared_tab):
        if page.url != "about:blank":  # Streamlit remembers whether the menu was open
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        yield shared_tab


def chart_text(page, index=0):
    """Everything written in a picture."""
    chart = page.get_by_test_id("stPlotlyChart").nth(index)
    return chart.locator("svg text").all_text_contents()


def cell_texts(page):
    """Every number on the stage: quantity, index, what is written."""
    page.wait_for_selector("[data-stage] [data-quantity][data-index]")
    return page.locator("[data-stage] [data-quantity][data-index]").evaluate_all(
        "(all) => all.map((c) => [c.dataset.quantity, c.dataset.index, c.textContent])"
    )


def time_slider(page):
    """The stage's strip of tokens."""
    return page.locator("[data-stage]").get_by_role("slider", name="time step")


def slider(page, name):
    return page.get_by_role("slider", name=name)


# A new server.


def test_a_shared_link_opens_its_chapter_with_its_settings_on_a_new_server(shared_tab):
    """Streamlit runs pages/loss.py without app.py as long as nobody has been to app.py."""
    assert shared_tab.first == {
        "heading": ["Loss"],
        "menu": MENU,
        "values": ["3", "0.01"],
        "token": "time step 2, token t, id 2",
        "query": FIRST_LINK,
        "in the way": [],
    }


# Settings, time and the address.


def test_the_hidden_size_changes_the_numbers_and_the_address(tab):
    page = tab.open("cell", preset="math")
    before = cell_texts(page)
    assert {index for name, index, _ in before if name == "z"} == {"0,0,0", "0,0,1"}
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowRight")
    soon(page, lambda: tab.query.get("hidden_size") == "3")
    soon(page, lambda: any(name == "z" and i == "0,0,2" for name, i, _ in cell_texts(page)))
    slider(page, "Hidden size H").focus()
    page.keyboard.press("ArrowLeft")
    soon(page, lambda: "hidden_size" not in tab.query)
    soon(page, lambda: cell_texts(page) == before)


def test_the_learning_rate_changes_the_loss_after_the_update(tab):
    page = tab.open("update", preset="math")
    soon(page, lambda: page.locator(".descent .curve").count() == 1)
    before, after = (page.locator(f".loss-{when}").inner_text() for when in ("before", "after"))
    slider(page, "Learning rate").focus()
    page.keyboard.press("End")
    soon(page, lambda: tab.query.get("learning_rate") == "100")
    soon(page, lambda: page.locator(".loss-after").inner_text() != after)
    assert page.locator(".loss-before").inner_text() == before


def test_a_reload_shows_the_same_picture(tab):
    query = {
        "preset": "math",
        "hidden_size": "3",
        "seed": "5",
        "variant": "reset_after",
        "t": "2",
        "sequence": "1",
        "digits": "4",
        "range": "run",
        "convention": "true",
    }
    page = tab.open("time", **query)
    shown = cell_texts(page)
    assert {name for name, *_ in shown} >= {"r", "z", "n", "h"}
    assert tab.query == query
    page.reload()
    tab.settle()
    assert cell_texts(page) == shown
    assert tab.query == query


def test_settings_and_time_survive_the_way_through_the_menu(tab):
    page = tab.open("cell", preset="math", hidden_size="3")
    page.get_by_role("button", name="next time step").click()
    soon(page, lambda: tab.query.get("t") == "1")
    expected = {"preset": "math", "hidden_size": "3"}
    for title in ("Tokens", "Loss"):
        tab.choose(title)
        assert {k: v for k, v in tab.query.items() if k != "t"} == expected
        expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "3")
    expect(time_slider(page)).to_have_attribute("aria-valuetext", "time step 1, token a, id 1")
    soon(page, lambda: tab.query == expected | {"t": "1"})


def test_a_preset_is_chosen(tab):
    page = tab.open("tokens", hidden_size="7", seed="3")
    page.get_by_test_id("stSelectbox").get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="math").click()
    expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "2")
    expect(slider(page, "Learning rate")).to_have_attribute("aria-valuetext", "0.01")
    soon(page, lambda: "".join(page.locator(".ribbon .token").all_inner_texts())[:8] == "MathMath")
    soon(page, lambda: tab.query == {"preset": "math"})


def test_clipping_is_switched_off(tab):
    page = tab.open("update", preset="math", clip_norm="0.5")
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(1)
    page.get_by_text("More settings").click()
    field = page.get_by_role("spinbutton", name="Clip the gradient norm at")
    field.fill("0")
    field.press("Enter")
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(0, timeout=10_000)
    soon(page, lambda: tab.query.get("clip_norm", "0") == "0")
    page.reload()
    tab.settle()
    expect(page.get_by_role("heading", name="Clipping")).to_have_count(0)


def test_two_readers_do_not_disturb_each_other(tab):
    link = {"preset": "math", "seed": "5"}
    page = tab.open("time", **link)
    mine = chart_text(page)
    other = Tab(page.context, tab.address)
    try:
        theirs = other.open("time", **link)
        assert chart_text(theirs) == mine
        slider(theirs, "Hidden size H").focus()
        theirs.keyboard.press("ArrowLeft")
        soon(theirs, lambda: chart_text(theirs) != mine)
        page.get_by_role("button", name="next time step").click()
        soon(page, lambda: tab.query == link | {"t": "1"})
        expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "2")
        tab.settle()
        assert chart_text(page) == mine
        assert other.query == link | {"hidden_size": "1"}
        assert other.problems == []
    finally:
        other.page.close()


def test_numbers_are_taken_away_as_a_file(tab):
    page = tab.open("cell", preset="math", sequence="1")
    page.get_by_text("Numbers as a table").click()
    with page.expect_download() as waiting:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    download = waiting.value
    assert download.suggested_filename == "a_ir.csv"
    rows = list(csv.reader(io.StringIO(download.path().read_text("utf-8"))))
    assert rows[0] == ["", "unit 0", "unit 1"]
    assert [row[0] for row in rows[1:]] == ["0 h", "1 M", "2 a"]
    numbers = [[float(cell) for cell in row[1:]] for row in rows[1:]]
    assert numbers == run(PRESETS["math"]).trace["a_ir"][1].tolist()


# What a reader writes.

TEXT = "<img src=x onerror=window.hacked=1> <b>bold</b> <script>window.hacked=1</script> "


def test_a_text_with_html_stays_text(tab):
    page = tab.open(
        "tokens", text=TEXT * 12, merges="60", batch_size="1", context_length="3", t="1"
    )
    for title in ("Tokens", "Embedding", "Prediction"):
        tab.choose(title)
        tokens = page.locator(":is(.ribbon, .strip) .token")
        expect(tokens.first).to_be_attached()
        shown = tokens.all_text_contents()
        for part in ("<img␣src=x␣onerror=window.hacked=1>", "<b>bold</b>", "<script>"):
            assert any(part in token for token in shown), shown
        for chart in page.get_by_test_id("stPlotlyChart").all()[:2]:
            chart.hover()  # one more way to draw it
        made = page.get_by_test_id("stMain").locator("img, b, script, [onerror]")
        assert made.count() == 0
        assert page.evaluate("window.hacked") is None


def errors(page):
    return page.get_by_test_id("stAlertContentError")


def sentences(page):
    """The errors as they are read: a word joiner (U+2060) can't be seen."""
    return [said.replace("\u2060", "") for said in errors(page).all_inner_texts()]


def test_a_bad_link_is_answered_with_sentences(tab):
    query = {"hidden_size": "999999", "variant": "lstm", "learning_rate": "3"}
    page = tab.open("loss", **query, t="77")
    _, problems = read_query(query)
    assert len(problems) == 2
    assert sentences(page) == list(map(str, problems))
    expect(slider(page, "Learning rate")).to_have_attribute("aria-valuetext", "3")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert "Traceback" not in page.locator("body").inner_text()
    assert chart_text(page)


def test_a_sentence_quotes_a_link_as_it_is(tab):
    query = {
        "tokenizer": "http://127.0.0.1:9/ [a](b) <b>x</b> `y`",
        "variant": "www.example.org a@b.example **x** $y$",
        "initial": ":material/home: :smile: :red[x] # ~~y~~",
        "input": "a -> b <- c -- d >= e <= f ~= g",
    }
    page = tab.open("tokens", **query)
    _, problems = read_query(query)
    for said in errors(page).all():
        made = said.locator("a, img, b, code, em, strong, del, .katex, [role=img]")
        assert made.all_inner_texts() == []
    assert sorted(sentences(page)) == sorted(map(str, problems))


def test_home_has_an_address_too(tab):
    page = tab.open("home", hidden_size="3")
    expect(page.locator("h1")).to_have_text("GRU Explainer")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(slider(page, "Hidden size H")).to_have_attribute("aria-valuetext", "3")


# Every chapter, drawn.

LOOKS = {
    "desktop-light": ({"preset": "start"}, DESKTOP, "light"),
    "desktop-dark": ({"preset": "math"}, DESKTOP, "dark"),
    "phone-light": ({"preset": "math", "variant": "reset_after"}, PHONE, "light"),
    "phone-dark": ({"preset": "start", "variant": "reset_before"}, PHONE, "dark"),
}
LOOK = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const main = document.querySelector("[data-testid=stMain]");
    const charts = all("[data-testid=stPlotlyChart]");
    const scrolls = (element) => element && element !== main
        && ((element.scrollWidth > element.clientWidth
            && /auto|scroll/.test(getComputedStyle(element).overflowX))
            || scrolls(element.parentElement));
    return {
        katex: all(".katex-error").map((e) => e.textContent),
        formulas: all(".katex").length,
        charts: charts.length,
        unnamed: charts.filter((c) => !c.getAttribute("aria-label")?.trim()).length,
        stages: all("[data-testid=stBidiComponentIsolated]")
            .map((host) => host.shadowRoot.querySelector("[data-stage]")?.dataset.stage)
            .filter(Boolean),
        exceptions: all("[data-testid=stException]").length,
        errors: all("[data-testid=stAlertContentError]").map((e) => e.textContent),
        sideways: Math.max(
            document.documentElement.scrollWidth - window.innerWidth,
            document.body.scrollWidth - window.innerWidth,
            main.scrollWidth - main.clientWidth),
        cut: charts.filter((c) => {
            const svg = c.querySelector(".main-svg").getBoundingClientRect();
            return svg.right > window.innerWidth + 1 && !scrolls(c);
        }).map((c) => c.getAttribute("aria-label")),
        background: getComputedStyle(document.querySelector("[data-testid=stApp]"))
            .backgroundColor,
        ink: getComputedStyle(document.querySelector("h1")).color,
        paper: charts.map((c) => getComputedStyle(c.querySelector(".main-svg")).backgroundColor),
    };
}"""


PICTURES = ("time", "prediction", "loss", "training", "gates")


def on_stage(chapter):
    """What stands on the stage of a page; networks that are not the settings' have theirs."""
    if chapter.slug in ("own", "gates"):
        return {"own": "cell", "gates": "time"}[chapter.slug]
    return chapter.slug if chapter.timed or chapter.slug == "update" else ""


@pytest.fixture(scope="module", params=LOOKS)
def walk(request, shared_tab, server):
    """What is seen on the way through the whole story, by chapter."""
    query, size, theme = LOOKS[request.param]
    page = shared_tab.page
    shared_tab.problems.clear()
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    seen = {}
    for chapter in (HOME, *CHAPTERS):
        if chapter is HOME:
            shared_tab.open(**query)
        else:
            shared_tab.choose(chapter.title)
        if staged := on_stage(chapter):
            page.locator(f'[data-stage="{staged}"]').wait_for()
            shared_tab.settle()
        # formulas are only made when a reader opens them; on a phone the menu is in the way
        if chapter.shows and size is DESKTOP:
            page.get_by_text("The equations and their source code").click()
            page.locator("[data-testid=stMain] .katex").first.wait_for()
            shared_tab.settle()
        for _ in range(30):  # a picture may still find its width
            seen[chapter.slug] = page.evaluate(LOOK)
            if not seen[chapter.slug]["cut"]:
                break
            page.wait_for_timeout(100)
    seen["problems"] = list(shared_tab.problems)
    seen["theme"] = theme
    seen["wide"] = size is DESKTOP
    return seen


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_is_drawn(walk, chapter):
    seen = walk[chapter.slug]
    assert seen["exceptions"] == 0
    assert seen["errors"] == []
    assert seen["katex"] == []
    assert seen["unnamed"] == 0
    assert bool(seen["charts"]) == (chapter.slug in PICTURES)
    assert seen["stages"] == ([on_stage(chapter)] if on_stage(chapter) else [])
    if walk["wide"]:
        assert bool(seen["formulas"]) == bool(chapter.shows)


@pytest.mark.parametrize("chapter", [HOME, *CHAPTERS], ids=lambda c: c.slug)
def test_a_chapter_fits_the_width_of_its_screen(walk, chapter):
    seen = walk[chapter.slug]
    assert seen["sideways"] <= 0
    assert seen["cut"] == []


SERIOUS = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((v) => ["serious", "critical"].includes(v.impact))
        .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => [n.html, n.failureSummary])]);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("slug", ["own", "batches", "gates", "gradients"])
def test_axe_finds_nothing_serious_on_a_whole_page(shared_tab, slug, theme):
    page = shared_tab.page
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{shared_tab.address}/{slug}")
    expect(page.get_by_text("Checked in this run")).to_be_visible()
    shared_tab.settle()
    page.evaluate(AXE_SCRIPT)
    soon(page, lambda: page.evaluate(SERIOUS) == [])  # what is drawn anew fades in


def brightness(colour):
    """0 black to 1 white, of a colour as the browser writes it; None for a transparent one."""
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    if alpha and alpha[0] == 0:
        return None
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_every_chapter_follows_the_theme(walk):
    dark = walk["theme"] == "dark"
    for slug in ("home", *(c.slug for c in CHAPTERS)):
        seen = walk[slug]
        assert (brightness(seen["background"]) < 0.2) == dark, slug
        assert (brightness(seen["ink"]) > 0.8) == dark, slug
        for paper in map(brightness, seen["paper"]):
            assert paper is None or (paper < 0.2) == dark, slug


def test_nothing_goes_wrong_on_the_way(walk):
    assert walk["problems"] == []


def test_a_link_on_a_phone_shows_its_chapter(tab):
    tab.page.set_viewport_size(PHONE)
    page = tab.open("loss", preset="math")
    uncovered = """() => {
        const words = document.createRange();
        words.selectNodeContents(document.querySelector("h1"));
        const box = words.getBoundingClientRect();
        const top = document.elementFromPoint(box.left + 20, box.top + box.height / 2);
        return top?.closest("h1") !== null;
    }"""
    assert page.evaluate(uncovered), "the settings stand over the chapter"
