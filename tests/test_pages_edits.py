"""Edits on every page: from a link, from the stage, from the sidebar."""

import json
import re
from dataclasses import replace

import pytest
from app_pages import START, page_of, run_of, say, stage, visit
from test_payload import STAGED, assert_sent_as_computed

from explainer import PRESETS, edits_from_link, run
from explainer.stage.chapters import CHAPTERS

pytestmark = pytest.mark.page
EDIT = "W_hz.0.1:0.5;z.*.*.2:1;h.0.3.*:0.25;ids.0.2:5;learning_rate:0.5"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
@pytest.mark.parametrize("variant", ["reset_after", "reset_before"])
def test_every_chapter_shows_the_edited_run(chapter, variant):
    at = visit(chapter.slug, edit=EDIT, variant=variant)
    assert not at.error
    result = run_of(at)
    assert set(result.edits) == {"W_hz", "z", "h", "ids", "learning_rate"}
    wanted = run(replace(START, variant=variant), edits=edits_from_link({"edit": EDIT}))
    assert result.trace["loss"] == wanted.trace["loss"] != run(START).trace["loss"]
    lines = [m.value for m in at.markdown if m.value.startswith("**What if:**")]
    assert len(lines) == (not chapter.scene), "a stage has a bar of its own"
    for line in lines:
        assert "`W_hz[0,1]` changed to 0.5 · `z[*,*,2]` held at 1" in line
        assert "`h[0,3,*]` held at 0.25" in line
    proof = [c.value for c in at.caption if c.value.startswith("**Proof")]
    assert not any("not checked" in text for text in proof)
    for found in re.findall(r"\*\*(\d\.\de[-+]\d+|\d+)\*\* from", " ".join(proof)):
        assert float(found) < 1e-10, proof


@pytest.mark.parametrize("slug", sorted(STAGED))
def test_a_stage_has_the_run_and_its_edits(slug):
    at = visit(slug, edit=EDIT)
    assert run_of(at).edits
    assert stage(at).data["edit"] == EDIT
    assert stage(at).named()
    # the browser makes the edits
    assert_sent_as_computed(stage(at), run(START))


def test_a_stage_of_a_large_run_makes_the_edits_itself():
    at = visit("cell", preset="story", hidden_size="128", edit="W_hz.0.1:0.5")
    assert run_of(at).edits
    assert json.loads(stage(at).data["checked"])["edit"] == "W_hz.0.1:0.5"
    assert_sent_as_computed(stage(at), run(replace(PRESETS["story"], hidden_size=128)))


def test_what_is_edited_on_the_stage_is_shown_around_it():
    at = say(visit("cell"), "edit", "W_hz.0.1:0.5;z.0.2.1:1")
    assert set(run_of(at).edits) == {"W_hz", "z"}
    assert stage(at).data["edit"] == at.text_input(key="edit").value == "W_hz.0.1:0.5;z.0.2.1:1"
    assert not run_of(say(at, "edit", "")).edits
    for nonsense in (None, 5, ["z:1"], "z" * 5_000):
        assert not run_of(say(at, "edit", nonsense)).edits


def test_all_edits_are_taken_back_at_once():
    at = visit("batches", edit="z:1")
    assert (run_of(at).trace["z"] == 1).all()
    at.button(key="reset-edits").click().run()
    assert not run_of(at).edits
    assert "edit" not in at.query_params
    assert not [b for b in at.button if b.key == "reset-edits"]


def test_edits_stay_from_chapter_to_chapter_and_go_with_a_preset():
    at = visit("cell", edit="z.0.2.1:1")
    at.switch_page(page_of("loss")).run()
    assert set(run_of(at).edits) == {"z"}
    at.selectbox(key="preset").set_value("math").run()
    assert not run_of(at).edits


def test_edits_can_be_written_in_the_sidebar():
    at = visit("cell")
    at.text_input(key="edit").set_value("z.*.*.2:1;nonsense").run()
    assert set(run_of(at).edits) == {"z"}
    assert [e.value for e in at.error]
    at.text_input(key="edit").set_value("").run()
    assert not run_of(at).edits
    assert not at.error


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        ("zz:1", ()),
        ("z.0.0.99:1", ()),
        ("ids.0.0:1e6", ()),
        ("<b>z</b>:1;n:0.5", ("n",)),
        ("z:nan;n:0.5", ("n",)),
        ("z.0.0.0:1;" * 500, ()),
    ],
)
def test_edits_that_can_not_be_are_a_sentence_and_the_settings_work(edit, left):
    at = visit("cell", edit=edit, hidden_size="3")
    assert len(at.error) == 1
    result = run_of(at)
    assert result.settings.hidden_size == 3
    assert set(result.edits) == set(left)


def test_open_any_number_says_what_was_changed_or_is_held():
    at = visit("cell", edit="z.0.0.0:1", **{"open-number": "true"})
    at.selectbox(key="open-first pass").set_value("z").run()
    assert any("held at 1.0000; by itself" in c.value for c in at.code)
