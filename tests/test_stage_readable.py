"""Everything on the stage can be read, in both themes, and by a screen reader."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from colour_vision import brightness, contrast
from marks import first_of
from playwright.sync_api import expect
from stage_tab import inside, stage

from explainer.plots.colours import HUES

pytestmark = pytest.mark.browser

PAINT = """(root) => {
    const colours = (selector) => [...root.querySelectorAll(selector)]
        .filter((e) => e.checkVisibility() && e.textContent.trim())
        .map((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor,
            e.textContent, e.dataset.quantity ?? ""]);
    return {
        page: getComputedStyle(root).backgroundColor,
        around: getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor,
        cells: colours("[data-quantity]"),
        names: colours(".name, .title, .piece, .stop"),
        theme: root.dataset.theme,
    };
}"""


@pytest.mark.long
def test_every_number_can_be_read_in_both_themes(tab):
    seen = {}
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme)
        for slug in ("cell", "gradients", "update"):
            if slug == "cell":
                tab.open("cell", preset="start", t="3")
            else:
                tab.choose(slug)
            found = stage(tab.page).evaluate(PAINT)
            assert found["theme"] == theme
            assert found["page"] == found["around"]
            seen[theme, slug] = found
            least = min((contrast(c[0], c[1]), *c[2:]) for c in found["cells"])
            assert least[0] >= 4.5, least
            least = min((contrast(ink, found["page"]), text) for ink, _, text, _ in found["names"])
            assert least[0] >= 4.5, least
            for hue in HUES[theme].values():
                assert contrast(hue, found["page"]) >= 4.5, hue
    for slug in ("cell", "gradients", "update"):
        light, dark = seen["light", slug], seen["dark", slug]
        assert [c[2:] for c in light["cells"]] == [c[2:] for c in dark["cells"]]
        # the ends of a scale may be alike, and what lies between is not
        same = sum(a[1] == b[1] for a, b in zip(light["cells"], dark["cells"], strict=True))
        assert same < len(light["cells"]) / 10
        assert brightness(dark["page"]) < 0.1 < 0.8 < brightness(light["page"])


def test_the_stage_follows_the_theme_while_it_is_open(tab):
    page = tab.open("cell", preset="start")
    light = stage(page).evaluate(PAINT)
    page.emulate_media(color_scheme="dark")
    expect(stage(page)).to_have_attribute("data-theme", "dark")
    dark = stage(page).evaluate(PAINT)
    assert light["page"] != dark["page"]
    assert min(contrast(ink, paper) for ink, paper, *_ in dark["cells"]) >= 4.5


# 10. For screen readers.

AXE = """async () => {
    const host = [...document.querySelectorAll("*")]
        .find((e) => e.shadowRoot?.querySelector("[data-stage]"));
    host?.setAttribute("data-host", "");
    const where = host ? { fromShadowDom: ["[data-host]", "[data-stage]"] } : "[data-stage]";
    const only = { resultTypes: ["violations"] };
    const { violations, passes } = await axe.run({ include: [where] }, only);
    host?.removeAttribute("data-host");
    return { passes: passes.length, violations: violations.map((v) => ({
        id: v.id, impact: v.impact, help: v.help, count: v.nodes.length,
        nodes: v.nodes.slice(0, 4).map((n) => [n.html, n.failureSummary]),
    })) };
}"""


@pytest.mark.parametrize("theme", first_of(["light", "dark"]))
@pytest.mark.parametrize("slug", first_of(["cell", "gradients", "update"]))
def test_axe_finds_nothing_serious(tab, slug, theme):
    tab.page.emulate_media(color_scheme=theme)
    page = tab.open(slug, preset="math", t="1")
    page.evaluate(AXE_SCRIPT)
    for opened in (False, True):
        if opened:
            inside(page, "[data-quantity]").last.click()
            page.mouse.move(0, 0)
        found = page.evaluate(AXE)
        assert found["passes"] > 10
        serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert serious == []
