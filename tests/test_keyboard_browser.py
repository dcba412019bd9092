"""Keys alone: they reach what a page is about, one after the other, and nothing holds them."""

import pytest
from marks import first_of

pytestmark = pytest.mark.browser
MOST_STOPS = 150
FOCUSED = """() => {
    let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    if (e === document.body) return null;
    const table = e.closest("[data-testid=stDataFrame]");
    const rings = [e, e.parentElement, table ?? e].map((one) => getComputedStyle(one));
    const other = ["INPUT", "MAIN"].includes(e.tagName); // a field colours its border
    return {
        words: (e.getAttribute("aria-label") || e.textContent || e.type).trim(),
        shown: other || rings.some((s) => s.outlineStyle !== "none" || s.boxShadow !== "none"),
    };
}"""


@pytest.mark.parametrize(
    ("link", "wanted"),
    first_of(
        [
            ({"path": "tour"}, ["station 1: Tokens", "next station", "next time step"]),
            ({"path": "own"}, ["a small forecaster", "Layer", "next time step", "PNG"]),
            ({"path": "training"}, ["Updates to do", "start training", "Next: What gates are for"]),
            ({"path": "gates"}, ["train both", "next time step", "Next: Your network"]),
            ({"path": "home"}, ["Start", "next time step", "PNG", "A first look", "Loss →"]),
            ({"path": "batches"}, ["Search", "t 0", "Sequence (0 to 1)", "Next: Embedding"]),
            ({"path": "update"}, ["Parameter", "next equation", "parameter", "Next: Training"]),
        ]
    ),
    ids=lambda x: x.get("path", "") if isinstance(x, dict) else "",
)
def test_keys_reach_everything_and_are_never_held(tab, link, wanted):
    page = tab.visit(**link)
    page.wait_for_timeout(500)
    stops = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:  # after the last one the browser's own controls come
            break
        stops.append(stop)
    assert len(stops) < MOST_STOPS
    said = [stop["words"] for stop in stops]
    places = [next((i for i, s in enumerate(said) if s.startswith(w)), -1) for w in wanted]
    assert places == sorted(places)
    assert places[0] > 0
    assert [stop["words"] for stop in stops if not stop["shown"]] == []
