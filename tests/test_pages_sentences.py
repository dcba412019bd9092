"""What a page says holds under other settings, and the answer comes first."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from app_pages import START, newcomer, notes, page_of, run_of, stage, visit

from explainer import PRESETS, run
from explainer.analysis.checks import verify
from explainer.app import current_run
from explainer.app.cache import BUDGET
from explainer.batches import tokenize
from explainer.engine.batch_run import run_batch
from explainer.stage.chapters import CHAPTERS, HOME

pytestmark = pytest.mark.page
ONLY_HERE = {
    "prediction": "All rows of the head are equal",
    "loss": "Whatever dropout does, the loss is ln V",
    "time": "All units have the same weights",
    "embedding": "an embedding of ones",
    "update": "Only the head changes",
    "gradients": "Everything below the head is exactly zero",
}


@pytest.mark.parametrize("slug", ONLY_HERE)
def test_what_is_said_of_equal_weights_is_said_of_them_alone(slug):
    sentence = ONLY_HERE[slug]
    assert sentence in notes(visit(slug, preset="linear_algebra"))
    assert sentence not in notes(visit(slug, preset="linear_algebra", updates=5))
    assert sentence not in notes(visit(slug, preset="start"))


@pytest.mark.parametrize("slug", ["prediction", "loss"])
def test_what_is_said_of_an_equal_head_is_not_said_where_all_is_dropped(slug):
    at = visit(slug, hidden_size=1, dropout=0.95, batch_size=1, context_length=1)
    assert not run_of(at).trace["mask_h"].any()
    assert ONLY_HERE[slug] not in notes(at)


def test_what_is_proposed_is_not_there_already():
    for initial, said in (("uniform", True), ("orthogonal", False)):
        at = newcomer(initial=initial)
        at.session_state["open-past"] = True
        at.switch_page(page_of("gradients")).run()
        (words,) = (m.value for m in at.markdown if m.value.startswith("Both have their initial"))
        assert ("*orthogonal*" in words) == said


@pytest.mark.parametrize("wanted", ["W_in", "b_hn", "nonsense", "<b>"])
def test_a_link_chooses_the_parameter_if_there_is_one(wanted):
    for slug, key, default in (("gradients", "weight", "W_hz"), ("update", "parameter", "W_o")):
        at = visit(slug, **{key: wanted})
        there = wanted in run_of(at).update.before
        assert at.selectbox(key=key).value == (wanted if there else default)
        assert not at.error
        at.radio(key="variant").set_value("reset_before").run()
        kept = at.selectbox(key=key).value
        assert kept == (wanted if wanted == "W_in" else default)
        assert f"new_{kept}" in run_of(at).update


def test_the_tasks_of_a_link_are_chosen():
    at = visit("gates", **{"task": "reset", "length": 40, "task-seed": 3})
    chosen = (at.radio(key="task").value, at.slider(key="length").value)
    assert (*chosen, at.number_input(key="task-seed").value) == ("reset", 40, 3)
    at.switch_page(page_of("cell")).run()
    at.switch_page(page_of("gates")).run()
    assert (at.radio(key="task").value, at.slider(key="length").value) == ("reset", 40)
    at = visit("gates", **{"task": "fly", "length": 1_000, "task-seed": "x"})
    assert not at.error
    assert (at.radio(key="task").value, at.slider(key="length").value) == ("skip", 20)


def test_a_text_of_ones_own_comes_back_after_a_look_at_another_preset():
    own = "the cat sat on the mat and the dog sat on the log"
    at = visit("cell", preset="your_text", text=own)
    at.selectbox(key="preset").set_value("math").run()
    assert run_of(at).settings == PRESETS["math"]
    at.selectbox(key="preset").set_value("your_text").run()
    assert run_of(at).settings == replace(PRESETS["your_text"], text=own)


def test_a_run_too_large_to_keep_is_computed_once_for_a_page(monkeypatch):
    computed = []

    def counted(settings, *given, **others):
        computed.append(settings)
        return run_batch(settings, *given, **others)

    monkeypatch.setattr(current_run, "run_batch", counted)
    size = {"batch_size": 32, "context_length": 35, "hidden_size": 256}
    at = visit("cell", preset="story", **size)
    assert computed == [replace(PRESETS["story"], **size)]
    assert run(computed[0]).nbytes > BUDGET // 4
    at.run()
    assert len(computed) == 2


def shown_network(at):
    return [m.value for m in at.markdown if m.value.startswith("This is the network")]


@pytest.mark.parametrize("slug", [c.slug for c in (HOME, *CHAPTERS)])
def test_a_chapter_with_a_trained_network_says_so(slug):
    assert not shown_network(visit(slug))
    found = shown_network(visit(slug, updates=5, batch_index=2))
    if slug in ("tokens", "training", "gates", "own"):  # they show no run, or say it themselves
        assert not found
    else:
        count = run_of(visit()).batch.count
        assert "**after 5 updates**" in found[0]
        assert f"on batch 2 of 0–{count - 1}." in found[0]


def test_a_drawn_batch_of_a_trained_network_is_one_of_no_number():
    (words,) = shown_network(visit("cell", updates=1, windows="random", batch_index=7))
    assert "**after 1 update**, on batch 7. For" in words


def test_the_sources_figures_stand_beside_the_sources_settings():
    for preset, words, other in (
        ("math", "epoch 1 ends at 1.3024", {"hidden_size": 8}),
        ("linear_algebra", "falls “by about 6 %”", {"learning_rate": 1.0}),
    ):
        assert words in notes(visit("update", preset=preset))
        assert words not in notes(visit("update", preset=preset, **other))
    assert "falls “by about 6 %”" in notes(visit("update", preset="linear_algebra", hidden_size=8))
    assert "1.2346" in notes(visit("dropout", preset="linear_algebra"))
    assert "1.2346" not in notes(visit("dropout", dropout=0.1))
    masks = "draws new dropout masks"
    assert masks in " ".join(m.value for m in visit("update", preset="linear_algebra").markdown)
    still = visit("update", preset="linear_algebra", training="false")
    assert masks not in " ".join(m.value for m in still.markdown)


@pytest.mark.parametrize("query", [{"training": "false"}, {"preset": "math"}])
def test_where_nothing_is_dropped_no_mask_is_drawn(query):
    at = visit("dropout", **query)
    words = notes(at) + " ".join(m.value for m in at.markdown)
    assert "independently" not in words
    assert "all of them are 1" in words


@pytest.mark.parametrize("windows", ["in_order", "sequential", "random"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_right_batch_is_proved_right(windows, batch_size):
    at = visit("batches", windows=windows, batch_size=batch_size, context_length=5)
    (line,) = (c.value for c in at.caption if "**Checked" in c.value)
    assert "rows whose targets are not what comes next: **0** from" in line


def test_a_wrong_batch_is_found():
    result = run(replace(PRESETS["start"], windows="sequential", batch_size=4))
    wrong = result.batch.targets.copy()
    for count, place in ((1, (2, -1)), (2, (0, 3))):
        wrong[place] += 1
        changed = replace(result, batch=replace(result.batch, targets=wrong.copy()))
        assert verify(changed, ["batches"])[0].difference == count


def test_tokens_and_characters_are_counted_alike():
    for preset, ratio in (("story", 1), ("math", 1)):
        at = visit("tokens", preset=preset)
        counts = {m.label: int(m.value.replace(",", "")) for m in at.metric}
        assert counts["characters"] == ratio * counts["tokens"]
    at = visit("tokens")
    at.slider(key="merge").set_value(0).run()
    (line,) = (c.value for c in at.caption if c.value.startswith("after: "))
    tokens, characters, vocabulary = map(int, re.findall(r"\d+", line))
    assert tokens == characters
    most = len(tokenize(PRESETS["start"])[0].merges)
    assert vocabulary == len(tokenize(PRESETS["start"])[0]) - most


# The way on.


def test_every_chapter_but_the_last_leads_to_the_next():
    for chapter, following in pairwise(CHAPTERS):
        links = [link.proto.label for link in visit(chapter.slug).get("page_link")]
        assert links[-1] == f"Next: **{following.title}** → {following.question}"
        assert sum("Next:" in link for link in links) == 1
    assert not visit(CHAPTERS[-1].slug).get("page_link")


# The answer first.


def test_the_largest_gradient_is_named_first():
    at = visit("gradients")
    trace = run_of(at).trace
    norms = {n: np.linalg.norm(trace[f"d_{n}"]) for n in run_of(at).update.before}
    largest = max(norms, key=norms.get)
    lengths = np.sqrt((trace[f"d_{largest}_t"] ** 2).sum((1, 2)))
    (said,) = [m.value for m in at.markdown if m.value.startswith("The largest gradient")]
    assert f"`{largest}`" in said
    assert f"**{norms[largest]:.4f}**" in said
    assert f"time step {lengths.argmax()}" in said
    assert f"{lengths.max():.4f}" in said


def test_the_parameters_are_listed_by_their_gradients():
    table = visit("update").dataframe[0].value
    assert table["‖gradient‖"].is_monotonic_decreasing


def test_a_chosen_parameter_goes_along_to_other_chapters():
    at = visit("update")
    at.selectbox(key="parameter").set_value("W_ir").run()
    at.switch_page(page_of("gradients")).run()
    assert at.selectbox(key="weight").value == "W_ir"
    at.selectbox(key="weight").set_value("W_hz").run()
    at.switch_page(page_of("update")).run()
    assert at.selectbox(key="parameter").value == "W_hz"


def test_one_button_leads_back_to_the_presets_values():
    at = visit("cell", preset="math", hidden_size="5", variant="reset_after", edit="z:1")
    assert run_of(at).settings.hidden_size == 5
    at.button(key="back-to-preset").click().run()
    assert run_of(at).settings == PRESETS["math"]
    assert not run_of(at).edits


def test_a_place_that_is_not_there_is_the_first():
    at = visit("cell", sequence="7", t="99")
    assert json.loads(stage(at).data["place"]) == {"sequence": 0, "t": 0}


def styles(block):
    """What is written as HTML anywhere, styles too."""
    if getattr(block, "type", "") == "html":
        yield block.proto.body
    for child in getattr(block, "children", {}).values():
        yield from styles(child)


def test_a_setting_is_found_by_its_words_and_none_is_forgotten():
    at = visit("cell", seed="7", dropout="0.3")
    for wanted, shown, hidden in (
        ("dropout", "dropout_kind", "merges"),
        ("BYTE-pair", "tokenizer", "dropout"),
        ("gate variant", "variant", "batch_size"),
    ):
        at.text_input(key="find-setting").set_value(wanted).run()
        (style,) = (text for text in styles(at._tree) if ".st-key-input" in text)
        keys = set(re.findall(r"\.st-key-(\w+)", style))
        assert hidden in keys
        assert shown not in keys
        assert run_of(at).settings == replace(START, seed=7, dropout=0.3)
    at.text_input(key="find-setting").set_value("</style><b>").run()
    assert any("No setting says that" in c.value for c in at.caption)
    assert not any("<b>" in text for text in styles(at._tree))
