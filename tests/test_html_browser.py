"""Chapters as files in a browser without a network: everything of the stage works."""

import functools
import http.server
import re
import threading
from xml.etree import ElementTree

import pytest
from browser_tab import DESKTOP, PHONE
from PIL import Image, ImageColor
from playwright.sync_api import expect
from stage_tab import MATH, START, button, cell, inside
from test_compare_browser import expect_difference, expect_side
from test_stage_edits import drag, type_in

from explainer import ViewState, run
from explainer.stage.site import write_site

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium):
    """A page whose network is refused, and in which nothing may go wrong."""
    context = chromium.new_context(viewport=DESKTOP, offline=True)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: problems.append(r.url) if r.url.startswith("http") else None)
    yield page
    context.close()
    assert problems == []


def opened(page, path):
    page.goto(path.as_uri())
    expect(inside(page, "[data-quantity]").first).to_be_attached()


def test_a_file_is_the_run_and_can_be_touched(page, tmp_path):
    run(MATH).to_html(tmp_path / "cell.html", view=ViewState(t=1, cell="h:0,1,1"))
    opened(page, tmp_path / "cell.html")
    expect(inside(page, ".where")).to_have_text("t = 1 of 0 … 2")
    expect(inside(page, "[data-explanation]")).to_have_attribute("data-explanation", "h:0,1,1")
    expect(inside(page, "[data-difference]")).to_be_attached()
    difference = inside(page, "[data-difference]").get_attribute("data-difference")
    assert float(difference) < 1e-12
    expect_side(page, run(MATH))
    button(page, "Keep as A").click()
    cell(page, "W_hz", 0, 1).dblclick()
    type_in(page, "2")
    edited = run(MATH, edits={"W_hz": {(0, 1): 2.0}})
    expect_side(page, edited)
    button(page, "B − A").click()
    expect_difference(page, run(MATH), edited)


@pytest.mark.long
def test_a_file_with_edits_opens_with_them_in_the_dark(page, tmp_path):
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    edited = run(START, edits={"z": {(None, None, 2): 1.0}})
    edited.to_html(tmp_path / "loss.html", chapter="loss")
    opened(page, tmp_path / "loss.html")
    expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "z[*,*,2]")
    losses = [float(r.trace["loss"]) for r in (run(START), edited)]
    expect(inside(page, ".edits .losses")).to_have_text(f"loss {losses[0]:.4f} → {losses[1]:.4f}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_notebooks_frame_shows_the_stage(page, tmp_path):
    (tmp_path / "notebook.html").write_text(f"<h1>n</h1>{run(MATH)._repr_html_()}", "utf-8")
    page.goto((tmp_path / "notebook.html").as_uri())
    frame = page.frame_locator("iframe")
    expect(frame.locator('[data-quantity="h"]').first).to_be_visible()
    expect(frame.locator("[data-difference]")).to_be_attached()


def test_a_site_leads_from_page_to_page(page, tmp_path):
    write_site(tmp_path, ["math"], [3])
    opened(page, tmp_path / "math" / "home.html")
    inside(page, 'a[data-chapter="tokens"]:visible').last.click()
    expect(page.get_by_role("heading", name="Tokens", exact=True)).to_be_visible()
    page.get_by_role("link", name="Next: Batches").click()
    expect(page.get_by_text("shifted by one: for every token")).to_be_visible()
    page.get_by_role("link", name="Home", exact=True).click()
    inside(page, 'a[data-chapter="cell"]').first.click()
    expect(page.get_by_role("heading", name="The cell", exact=True)).to_be_visible()
    expect(inside(page, '[data-quantity="h"]').first).to_be_attached()
    page.get_by_role("link", name="Guided tour").click()
    button(page, "station 7: Keeping").click()
    page.get_by_text("More about it").get_by_role("link").click()
    expect(page.get_by_role("heading", name="The cell", exact=True)).to_be_visible()
    page.get_by_role("link", name="H = 3", exact=True).click()
    expect(inside(page, '.cell[data-quantity="h"]')).to_have_count(3)
    page.get_by_role("link", name="Update", exact=True).click()
    expect(inside(page, ".descent svg")).to_be_visible()


def test_a_clicker_walks_through_a_site(page, tmp_path):
    write_site(tmp_path, ["math"], [])

    def expect_place(slug, t, equation):
        expect(page.locator(f'[data-stage="{slug}"].presenting')).to_be_visible()
        expect(inside(page, ".where")).to_have_text(f"t = {t} of 0 … 2")
        expect(inside(page, ".equation .formula")).to_contain_text(f"{equation} =")

    page.goto(f"{(tmp_path / 'math' / 'loss.html').as_uri()}?t=2&present=true&equation=ce_3")
    expect_place("loss", 2, "ce_3")
    for place in [("loss", 2, "loss"), ("gradients", 2, "d_logits"), ("gradients", 2, "d_h_out")]:
        page.keyboard.press("PageDown")
        expect_place(*place)
    for place in [("gradients", 2, "d_logits"), ("loss", 2, "loss"), ("loss", 2, "ce_3")]:
        page.keyboard.press("PageUp")
        expect_place(*place)
    page.goto(f"{(tmp_path / 'math' / 'embedding.html').as_uri()}?t=2&present=true")
    expect_place("embedding", 2, "e")
    page.keyboard.press("PageDown")
    expect_place("dropout", 0, "x")
    page.get_by_role("link", name="The cell", exact=True).dispatch_event("click")
    expect_place("cell", 0, "a_ir")
    page.keyboard.press("Escape")
    expect(page.locator(".presenting")).to_have_count(0)
    expect(button(page, "present")).to_be_focused()


@pytest.mark.long
def test_every_page_of_a_site_fits_a_phone_and_asks_nobody(page, tmp_path):
    page.set_viewport_size(PHONE)
    for file in write_site(tmp_path, ["math", "start"], []):
        if file.suffix == ".html":
            page.goto(file.as_uri())
            expect(page.locator("h1")).to_be_visible()
            if page.locator("#host").count():
                expect(inside(page, "[data-quantity]").first).to_be_attached()
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], file


def test_the_place_and_edits_go_along_from_a_disk(page, tmp_path):
    write_site(tmp_path, ["math"], [])
    opened(page, tmp_path / "math" / "cell.html")
    page.keyboard.press("ArrowRight")
    cell(page, "W_hz", 0, 1).dblclick()
    type_in(page, "2")
    cell(page, "h", 0, 1, 1).click()
    page.get_by_role("link", name="Next: Through time").click()
    edited = run(MATH, edits={"W_hz": {(0, 1): 2.0}})
    expect(page.get_by_role("heading", name="Through time")).to_be_visible()
    expect(inside(page, ".where")).to_have_text("t = 1 of 0 … 2")
    expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "W_hz[0,1]")
    expect(page.get_by_text("those in grey are as they were")).to_be_visible()
    expect(inside(page, ".message")).to_be_hidden()
    expect_side(page, edited)
    page.get_by_role("link", name="Tokens", exact=True).click()  # it has no stage
    page.get_by_role("link", name="Loss", exact=True).click()
    expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "W_hz[0,1]")


SVG = "{http://www.w3.org/2000/svg}"


def saved(page, kind, folder):
    with page.expect_download() as download:
        inside(page, f'[data-save="{kind}"]').click()
    download.value.save_as(folder / download.value.suggested_filename)
    return folder / download.value.suggested_filename


def rects(svg):
    """Rectangles of a picture with their colour and where they stand in it."""
    for group in svg.iter(f"{SVG}g"):
        away = re.fullmatch(r"translate\((\S+) (\S+)\)", group.get("transform", ""))
        for each in group.iter(f"{SVG}rect") if away else ():
            x, y = (float(each.get(n)) + float(away[i]) for n, i in (("x", 1), ("y", 2)))
            yield each.get("fill"), x, y


@pytest.mark.parametrize(("theme", "paper"), [("light", "#ffffff"), ("dark", "#191919")])
def test_a_stage_is_saved_as_a_picture_of_what_is_shown(page, tmp_path, theme, paper):
    view = ViewState(t=1, cell="h:0,1,1")
    result = run(MATH, edits={"W_hz": {(0, 1): 0.5}})
    result.to_html(tmp_path / "cell.html", view=view, theme=theme)
    opened(page, tmp_path / "cell.html")
    expect(inside(page, ".wires path").first).to_be_attached()
    file = saved(page, "svg", tmp_path)
    assert file.name == "cell-t1.svg"
    svg = ElementTree.parse(file).getroot()
    # shapes and text alone, in colours that any program reads
    allowed = {"svg", "title", "g", "rect", "text", "path", "image"}
    assert {each.tag.removeprefix(SVG) for each in svg.iter()} <= allowed
    colours = {each.get(n) for each in svg.iter() for n in ("fill", "stroke")}
    named = re.compile(r"none|#[0-9a-f]{6}|rgba?\([\d., ]+\)")
    assert all(named.fullmatch(colour) for colour in colours - {None})
    text = " ".join("".join(each.itertext()) for each in svg.iter(f"{SVG}text"))
    exact = f"{result.trace['h'][0, 1, 1]:.4f}".replace("-", "\N{MINUS SIGN}")
    for words in ("t = 1 of 0 … 2", "Update gate z", "W_hz[0,1]", "loss 1.2602 → 1.2996", exact):
        assert words in text
    # in an <img>, as other pages and the PNG show it
    with Image.open(saved(page, "png", tmp_path)) as png:
        assert png.size == tuple(2 * int(svg.get(n)) for n in ("width", "height"))
        pixels = png.convert("RGB")
        assert pixels.getpixel((2, 2)) == ImageColor.getrgb(paper)
        style = "e => getComputedStyle(e).backgroundColor"
        z = cell(page, "z", 0, 1, 1).first.evaluate(style)
        fill = f"#{bytes(map(int, re.findall(r'[0-9]+', z))).hex()}"
        places = [(x, y) for colour, x, y in rects(svg) if colour == fill]
        assert places
        for x, y in places:
            assert pixels.getpixel((int(2 * x) + 7, int(2 * y) + 8)) == ImageColor.getrgb(fill)


def test_the_tour_is_answered_without_a_network(page, tmp_path):
    run(START).to_html(tmp_path / "tour.html", chapter="tour", view=ViewState(station=6))
    opened(page, tmp_path / "tour.html")
    title, feedback = (inside(page, f".{name}") for name in ("station-title", "feedback"))
    expect(title).to_have_text("6 of 21 · The update gate")
    cell(page, "z", 0, 2, 1).first.click()
    expect(feedback).to_have_class("feedback wrong")
    cell(page, "z", 0, 2, 0).first.click()
    expect(feedback).to_have_class("feedback right")
    button(page, "next station ▶").click()
    expect(title).to_have_text("7 of 21 · Keeping")
    expect(title).to_be_focused()
    cell(page, "z", 0, 2, 0).first.press("F2")
    type_in(page, "1")
    expect(feedback).to_have_class("feedback right")
    expect(inside(page, ".stations .done")).to_have_count(2)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.long
def test_edits_go_along_on_a_web_host(chromium, tmp_path):
    write_site(tmp_path, ["math"], [])
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        context = chromium.new_context(viewport=DESKTOP)
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{host.server_port}/")
        expect(inside(page, ".picture")).to_be_visible()
        page.get_by_role("link", name="The cell", exact=True).click()
        drag(page, cell(page, "W_hz", 0, 1), 40)
        expect(inside(page, "[data-chip]")).to_have_count(1)
        page.wait_for_url("**edit=W_hz.0.1**")
        page.get_by_role("link", name="Loss", exact=True).click()
        expect(inside(page, "[data-chip]")).to_have_attribute("data-chip", "W_hz[0,1]")
        page.get_by_role("link", name="Guided tour").click()
        button(page, "station 2: Targets").click()
        inside(page, ".typed input").fill("0")
        button(page, "check").click()
        expect(inside(page, ".feedback")).to_have_class("feedback right")
        page.wait_for_url("**answered=2**")
        page.reload()
        expect(inside(page, ".station-title")).to_have_text("2 of 21 · Targets")
        expect(inside(page, ".stations .done")).to_have_count(1)
        own = (f"http://127.0.0.1:{host.server_port}/", "data:", "blob:")
        assert [url for url in asked if not url.startswith(own)] == []
        context.close()
        host.shutdown()
