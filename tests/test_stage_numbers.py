"""Any number on the stage opens as `explain` writes it, and leads back to its token."""

import math
from collections import deque
from dataclasses import replace
from random import Random

import pytest
from browser_tab import soon
from marks import first_of
from playwright.sync_api import expect
from stage_tab import (
    STAGED,
    START,
    cell,
    cells,
    computed,
    expect_cells,
    expect_lines,
    in_cell,
    indices,
    inside,
    key,
    numbers_of,
    pin,
    rest,
    stage,
    told,
)

from explainer import PRESETS

pytestmark = pytest.mark.browser
WALKS = {
    f"{name}-{variant}": replace(PRESETS[name], variant=variant)
    for name in ("start", "math", "story")
    for variant in ("reset_after", "reset_before")
}
HANDFUL = 4


@pytest.mark.parametrize("slug", STAGED)
@pytest.mark.parametrize("walk", first_of(WALKS))
def test_any_number_opens_as_explain_writes_it(tab, walk, slug):
    settings, random = WALKS[walk], Random(f"{walk} {slug}")
    preset, variant = walk.split("-")
    if getattr(tab, "walk", None) != walk or slug == STAGED[0]:
        t = random.randrange(settings.context_length)
        sequence = random.randrange(settings.batch_size)
        tab.open(slug, preset=preset, variant=variant, t=t, sequence=sequence)
        tab.walk, tab.place = walk, (str(t), str(sequence))
    else:
        tab.choose(slug)
    page = tab.page
    shown = expect_cells(page, settings)
    quantities = sorted({name for name, *_ in shown})
    for name in random.sample(quantities, min(HANDFUL, len(quantities))):
        index = indices(random.choice([i for n, i, _ in shown if n == name]))
        cell(page, name, *index).click()
        expect_lines(page, settings, name, index)
    place = stage(page).get_attribute("data-t"), stage(page).get_attribute("data-sequence")
    assert place == tab.place, "another chapter, the same place"


# 2. From a number to what it is made of.


def far(settings):
    """How many steps each quantity is from the ids."""
    result = computed(settings)
    needed_by = {}
    for name, q in {**result.update.quantities, **result.trace.quantities}.items():
        for other in q.inputs:
            needed_by.setdefault(other, []).append(name)
    steps, waiting = {"ids": 0}, deque(["ids"])
    while waiting:
        name = waiting.popleft()
        for other in needed_by.get(name, ()):
            if other not in steps:
                steps[other] = steps[name] + 1
                waiting.append(other)
    return steps


def test_a_number_is_followed_back_to_its_token(tab):
    page = tab.open("update", preset="start")
    tab.walk = None
    page.get_by_test_id("stSelectbox").get_by_role("combobox", name="Parameter").click()
    page.get_by_role("option", name="W_hz", exact=True).click()
    cell(page, "new_W_hz", 1, 2).wait_for()
    tab.settle()
    pin(page, "new_W_hz", 1, 2)
    steps = far(START)
    way = [("new_W_hz", (1, 2))]
    while way[-1][0] != "ids":
        name, index = way[-1]
        expect_lines(page, START, name, index)
        pieces = inside(page, "[data-explanation] [data-line] button")
        here = pieces.evaluate_all("(all) => all.map((piece) => piece.dataset.of.split(':'))")
        # the state before the first time step leads nowhere
        leads = [
            (steps[n], n, indices(i))
            for n, i in here
            if n in steps and not (n in ("h_prev", "h") and indices(i)[1] < 2)
        ]
        # the way is to lead through the gradient
        wanted = [lead for lead in leads if lead[1] == "d_W_hz"] or leads
        _, *following = min(wanted)
        following = tuple(following)
        assert following not in way
        pieces.and_(page.locator(f'[data-of="{key(*following)}"]')).first.click()
        way.append(following)
    expect_lines(page, START, *way[-1])
    assert told(START, *way[-1])["symbols"].endswith("is given")
    assert len(way) > 5
    assert way[1][0] == "d_W_hz"
    stops = inside(page, ".trail .stop")
    assert stops.all_inner_texts() == [f"{n}[{','.join(map(str, i))}]" for n, i in way]
    for back in (len(way) - 2, 1, 0):
        stops.nth(back).click()
        expect_lines(page, START, *way[back])
        expect(stops).to_have_count(back + 1)


def test_the_other_convention_gives_the_same_state(tab):
    page = tab.open("cell", preset="start", t="2")
    inside(page, '[data-switch="convention"]').check()
    index = (0, 2, 1)
    cell(page, "h_other", *index).wait_for()
    rest(tab, convention="true")
    expect_cells(page, START)
    shown = {(n, i): text for n, i, text in cells(page)}
    for unit in range(4):
        one = numbers_of(START, "h")[0, 2, unit]
        assert shown["h_other", f"0,2,{unit}"] == in_cell("h", float(one))
        assert math.isclose(numbers_of(START, "h_other")[0, 2, unit], one, abs_tol=1e-12)
    for name in ("h_other", "z_other"):
        pin(page, name, *index)
        expect_lines(page, START, name, index)
    rest(tab, cell="z_other:0,2,1")
    page.reload()
    tab.stage("cell")
    assert cell(page, "h_other", *index).count() == 1
    expect_lines(page, START, "z_other", index)
    inside(page, '[data-switch="convention"]').uncheck()
    soon(page, lambda: "convention" not in tab.query)
    assert cell(page, "h_other", *index).count() == 0
