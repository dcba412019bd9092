"""A browser's tab on the app, and all that goes wrong in it."""

import re
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import expect

from explainer.stage.chapters import HOME

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

    def visit(self, path="", **query):
        """Open a link, which begins a new session."""
        self.page.goto(f"{self.address}/{path}?{urlencode(query)}")
        self.settle()
        return self.page

    def settle(self, seconds=30):
        self.page.wait_for_function(QUIET, timeout=seconds * 1000)

    def go_to(self, title):
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


SERIOUS = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((v) => ["serious", "critical"].includes(v.impact))
        .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => [n.html, n.failureSummary])]);
}"""
