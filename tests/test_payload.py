"""What the stage is sent: every number as the run has it, and never too much of it."""

import base64
import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays
from scenes import STAGED, scene_of
from test_engine_js import ROOT, node

from explainer import PRESETS, explain, run
from explainer.app.position import from_query, stage_place
from explainer.engine.edits import limits
from explainer.engine.network import network
from explainer.plots.tables import visible
from explainer.stage import payload as payload_module
from explainer.stage.buffer import Buffer
from explainer.stage.chapters import chapter
from explainer.stage.engine_input import given_numbers, network_as_json
from explainer.stage.payload import SAMPLES, is_computed_in_browser, payload
from explainer.stage.place import Place

VARIANTS = ("reset_after", "reset_before")
# As the browser reads it (tensors.js).


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


class Sent:
    """What a stage was sent."""

    def __init__(self, data):
        self.data = dict(data)
        self.meta = json.loads(data["meta"], parse_constant=refuse)
        self.quantities = self.meta["quantities"]
        for q in self.quantities.values():
            q["shape"] = [self.meta["sizes"][dim] for dim in q["dims"]]
        self.content = base64.b64decode(data["numbers"], validate=True)
        self.length = sum(len(data[name]) for name in ("meta", "numbers"))

    def read(self, piece, count):
        """Numbers as they stand one after the other."""
        kind = {"u1": "u1", "f4": "<f4", "f8": "<f8"}[piece["kind"]]
        return np.frombuffer(self.content, kind, count, piece["at"]).astype(float)

    def decode(self, sent, shape):
        """An array, in whichever way it was sent."""
        flat = np.full(int(np.prod(shape)), sent.get("rest", 0.0))
        if "at" in sent:
            flat[:] = self.read(sent, flat.size)
        elif "constant" in sent:
            flat[:] = sent["constant"]
        else:
            places, values = (self.read(sent[n], sent["count"]) for n in ("places", "values"))
            flat[places.astype(int)] = values
        return flat.reshape(shape)

    def named(self):
        """Every quantity that the scene, or the picture, names."""
        bands = [b for one in self.meta["scene"] for b in one["bands"]]
        names = [n for b in bands for n in (b["left"], *(r["name"] for r in b["rows"])) if n]
        names += [n for row in self.meta.get("picture", ()) for n in row["names"] + row["weights"]]
        return list(dict.fromkeys(names))


def in_browser(many):
    """What the stage's own modules make of what was sent, by name; and their check of it."""
    with TemporaryDirectory() as folder:
        cases, results = Path(folder) / "cases.json", Path(folder) / "results.bin"
        sent = [{"data": one.data, "names": list(one.quantities)} for one in many]
        cases.write_text(json.dumps(sent), encoding="utf-8")
        node(ROOT / "tests/web/read.js", cases, results)
        numbers, at, found = np.fromfile(results, "<f8"), 0, []
    for one in many:
        found.append({})
        for name, q in one.quantities.items():
            size = int(np.prod(q["shape"]))
            found[-1][name] = numbers[at : at + size].reshape(q["shape"])
            at += size
    assert at + len(many) == numbers.size
    return list(zip(found, numbers[at:].tolist(), strict=True))


def trace_of(result, name):
    """The trace that says how a quantity came about."""
    return result.trace if name in result.trace else result.update


def assert_sent_as_computed(sent, result):
    """Every number, shape and formula is that of the run."""
    assert sent.meta["sizes"] == result.trace.sizes
    assert set(sent.named()) <= sent.quantities.keys()
    for name, described in sent.quantities.items():
        trace = trace_of(result, name)
        q, shape = trace.quantities[name], trace.shape(name)
        assert (described["dims"], described["shape"]) == (list(q.dims), list(shape)), name
        assert (described["symbol"], described["why"]) == (q.symbol, q.description), name
        assert (described["form"] is None) == (q.expression is None), name
        if f"own_{name}" not in trace:  # explain opens what can be held by its own equation
            assert described["shapes"] == explain(trace, name, (0,) * len(shape)).shapes, name
        assert set(q.inputs) <= sent.quantities.keys(), name
    assert_given_as_computed(sent, result)


def assert_given_as_computed(sent, result):
    """What is given is the run's, bit for bit, and so is what it is checked by."""
    settings = result.settings
    given = given_numbers(result, network(settings))
    assert sent.meta["given"].keys() == given.keys()
    for name, value in given.items():
        assert sent.decode(sent.meta["given"][name], value.shape).tobytes() == value.tobytes(), name
    bounds = limits(settings, result.trace.sizes["V"])
    assert sent.meta["network"] == network_as_json(network(settings), bounds)
    computed = [n for n, q in sent.quantities.items() if q["form"] is not None]
    assert list(sent.meta["checks"]) == computed
    for name in computed:
        flat = trace_of(result, name)[name].ravel()
        expected = flat[:: max(1, math.ceil(flat.size / SAMPLES))]
        np.testing.assert_array_equal(
            sent.decode(sent.meta["checks"][name], expected.shape), expected
        )


# The stage of each chapter.


def data_for(slug, result, parameter=None):
    """What the stage of a chapter is sent."""
    lanes, wired = scene_of(slug, result, parameter)
    also = {
        "slug": slug,
        "timed": chapter(slug).timed,
        "backwards": slug == "gradients",
        "learning": slug in ("prediction", "loss", "gradients", "update"),
        "ranking": slug == "prediction",
        "wired": wired,
    }
    return payload(result, lanes, **also)


# Arrays.

WHOLE = some.sampled_from([0.0, 1.0, -2.5])
NUMBERS = some.floats(allow_nan=False, allow_infinity=False) | WHOLE
ARRAYS = arrays(np.float64, array_shapes(min_dims=0, max_dims=3), elements=NUMBERS, fill=WHOLE)


def received(buffer, **described):
    """Arrays as a browser has them."""
    return Sent({"meta": json.dumps({"quantities": {}, **described}), "numbers": buffer.text()})


@given(many=some.lists(ARRAYS, min_size=1, max_size=5))
def test_an_array_comes_back(many):
    buffer, encoded = Buffer(), []
    for array in many:
        before = len(buffer.content)
        encoded.append(buffer.encode(array))
        assert len(buffer.content) - before <= 8 * array.size + 16
    sent = received(buffer)
    assert len(sent.content) == len(buffer.content)
    for one, array in zip(json.loads(json.dumps(encoded, allow_nan=False)), many, strict=True):
        np.testing.assert_array_equal(sent.decode(one, array.shape), array)


@pytest.mark.parametrize(
    ("array", "way", "length"),
    [
        (np.full((3, 4), 0.1), "constant", 0),
        (np.zeros((3, 4)), "constant", 0),
        (-np.zeros((3, 4)), "constant", 0),
        (np.diag([1.0, -2.0, 3.0, 4.0]) * -1.0, "places", 8 + 16),
        (np.array([0.0, -0.0]), "f4", 8),
        (np.eye(4), "places", 8 + 4),
        (np.arange(12.0).reshape(3, 4), "u1", 12),
        (np.array([0.0, 1.0]), "u1", 2),
        (np.arange(12.0).reshape(3, 4).T, "u1", 12),
        (np.array([255.0, 256.0]), "f4", 8),
        (np.array([0.5, -1.5]), "f4", 8),
        (np.array([0.1, 1.0]), "f8", 16),
        (np.array([1e300, 1.0]), "f8", 16),
        (np.array(7.0), "constant", 0),
        (np.zeros((0, 3)), "u1", 0),
    ],
    ids=[
        *("equal", "zero", "minus zero", "mostly minus zero", "both zeros", "mostly zero"),
        *("small", "half zero", "turned", "larger", "float32", "float64", "huge", "single"),
        "empty",
    ],
)
def test_an_array_is_sent_in_the_shortest_way(array, way, length):
    buffer = Buffer()
    encoded = buffer.encode(array)
    assert way in {*encoded, encoded.get("kind")}
    assert len(buffer.content) == length
    found = received(buffer).decode(encoded, array.shape)
    assert found.tobytes() == np.ascontiguousarray(array, float).tobytes()


# Every chapter at every preset.


@pytest.fixture(scope="module", params=PRESETS)
def preset_run(request):
    return run(PRESETS[request.param])


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "one by one"])
def test_a_preset_is_sent_in_a_moment_and_computed_in_the_browser(preset_run, apart, monkeypatch):
    if apart:
        monkeypatch.setattr(payload_module, "MOST_PRODUCTS", 0)
    many = [Sent(data_for(slug, preset_run)) for slug in STAGED]
    for sent, (numbers, difference) in zip(many, in_browser(many), strict=True):
        assert sent.length <= 80_000 + len(sent.meta.get("worker", ""))
        assert ("worker" in sent.meta) == apart
        assert_sent_as_computed(sent, preset_run)
        for name, found in numbers.items():
            value = trace_of(preset_run, name)[name]
            off = np.abs(found - value).max(initial=0)
            assert off <= 1e-12 * np.abs(value).max(initial=0) + 1e-14, name
        assert 0 <= difference <= 1e-12


def test_the_check_finds_a_difference(start_run):
    sent = Sent(data_for("cell", start_run))
    meta = json.loads(sent.data["meta"])
    meta["checks"]["h"] = {"constant": 0.0}
    wrong = Sent({**sent.data, "meta": json.dumps(meta)})
    ((_, found),) = in_browser([wrong])
    flat = start_run.trace["h"].ravel()
    expected = np.abs(flat[:: math.ceil(flat.size / SAMPLES)]).max()
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("chosen", ["embedding", "one_hot"])
@pytest.mark.parametrize("slug", ["update", "gradients"])
def test_any_parameter_can_be_chosen(slug, chosen, variant):
    settings = replace(
        PRESETS["start"], variant=variant, input=chosen, head_bias=True, clip_norm=1.0
    )
    result = run(settings)
    for name in result.update.before:
        if slug == "gradients" and name[:2] not in ("W_", "b_") and name != "E":
            continue
        sent = Sent(data_for(slug, result, parameter=name))
        assert f"d_{name}" in sent.named()
        assert_sent_as_computed(sent, result)


def test_the_other_convention_is_sent_with_the_gate(start_run):
    for slug, there in (("cell", True), ("time", True), ("prediction", False)):
        sent = Sent(data_for(slug, start_run))
        assert ("z_other" in sent.quantities) == there
        if there:
            numbers = in_browser([sent])[0][0]
            np.testing.assert_allclose(numbers["z_other"], 1 - start_run.trace["z"], atol=1e-15)
            np.testing.assert_allclose(numbers["h_other"], start_run.trace["h"], atol=1e-15)


# Runs that are too large for a frame.

STORY = PRESETS["story"]
MANY = "".join(map(chr, range(0x4E00, 0x4E00 + 3_900)))
LARGE = {
    "wide": replace(STORY, hidden_size=256, batch_size=16, context_length=256),
    "long": replace(STORY, hidden_size=256, batch_size=4, context_length=1024),
    "embedding": replace(
        replace(STORY, input="embedding", embedding_size=256),
        hidden_size=256,
        batch_size=64,
        context_length=64,
    ),
    "tokens": replace(
        replace(STORY, text=MANY, tokenizer="characters", normalization="as_is"),
        input="embedding",
        embedding_size=256,
        hidden_size=256,
        batch_size=4,
        context_length=128,
    ),
    "one_hot": replace(
        replace(STORY, text=MANY[:1_200] * 2, tokenizer="bpe", merges=256, normalization="as_is"),
        input="one_hot",
        hidden_size=256,
        batch_size=16,
        context_length=64,
    ),
}
"""About as large as settings can be, each in another direction."""


@pytest.fixture(scope="module", params=LARGE.values(), ids=LARGE.keys())
def large_run(request):
    return run(request.param)


def test_of_a_large_run_that_is_sent_which_is_given(large_run):
    assert is_computed_in_browser(large_run)
    sent = Sent(data_for("update", large_run, "W_in"))
    assert sent.length <= 16_000_000
    assert "million" in sent.meta["large"]
    assert "SumsLoop" in sent.meta["worker"]
    assert_given_as_computed(sent, large_run)


@pytest.mark.parametrize("name", ["start", "math", "clipped", "redrawn"])
def test_what_growth_does_and_the_loss_along_the_gradient_of_a_large_run(
    name, monkeypatch, tmp_path
):
    """As of a run that is solved at once, and as Python computes them."""
    chosen = {
        "clipped": replace(PRESETS["math"], clip_norm=0.05),
        "redrawn": replace(PRESETS["start"], dropout=0.3, redraw_masks=True),
    }
    settings = chosen.get(name) or PRESETS[name]
    result = run(settings)
    edits = {"W_hz": {(0, 1): 0.5}}
    spots = {"W_hn": (0, 1), "W_in": (1, 2), "W_hr": (1, 0)}
    case = {
        "edits": [{"name": "W_hz", "index": [0, 1], "value": 0.5}],
        "spots": [{"name": n, "index": list(i)} for n, i in spots.items()],
    }
    cases = [case | {"data": data_for("update", result, "W_in")}]
    monkeypatch.setattr(payload_module, "MOST_PRODUCTS", 0)
    # with the gradients at hand, and without
    cases += [case | {"data": data_for(slug, result, "W_in")} for slug in ("update", "cell")]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    whole, *apart = json.loads(node(ROOT / "tests/web/probes.js", path))
    before = run(settings, edits=edits)
    loss = float(before.trace["loss"])
    growths = [one["grown"] for one in (whole, *apart)]
    for (n, i), *all_found in zip(spots.items(), *growths, strict=True):
        grown = run(settings, edits=edits | {n: {i: float(before.trace[n][i]) + 0.1}})
        for found in all_found:
            promised = 0.1 * float(before.trace[f"d_{n}"][i])
            assert found["promised"] == pytest.approx(promised, rel=1e-12)
            assert found["real"] == pytest.approx(grown.trace["loss"] - loss, abs=1e-12 * loss)
    for i in (8, 32):
        rate = whole["end"] * i / 32
        updated = run(settings, edits=edits | {"learning_rate": rate})
        assert whole["losses"][i] == pytest.approx(updated.second["loss"], rel=1e-12)
    for found in apart:
        assert (len(whole["losses"]), len(found["losses"])) == (33, 9)
        assert whole["end"] == found["end"]
        np.testing.assert_allclose(found["losses"], whole["losses"][::4], rtol=1e-12)


def test_a_run_is_not_sent_where_it_would_be_too_much(large_run, monkeypatch):
    monkeypatch.setattr(payload_module, "MOST_GIVEN", 100_000)
    assert not is_computed_in_browser(large_run)


def test_a_token_keeps_its_name_in_a_large_vocabulary():
    result = run(LARGE["tokens"])
    tokens = Sent(data_for("embedding", result)).meta["tokens"]
    used = {*result.batch.ids.ravel().tolist(), *result.batch.targets.ravel().tolist()}
    assert tokens == {str(i): visible(result.batch.vocabulary[i]) for i in used}


# Texts of the reader's.

TEXTS = {
    "quotes": "\"'`\\ \\n \\u0022 ",
    "markup": "</script><!-- <b>&amp; ]]> ",
    "emoji": "👩‍👩‍👧 🇩🇪 e\u0301 \u202e ",
    "control": "\x00\x07\x1b\x7f\u2028\u2029\ufeff ",
    "template": "${x} {{x}} %s $x$ :smile: ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("tokenizer", ["characters", "bpe"])
def test_a_text_is_data(text, tokenizer):
    settings = replace(
        PRESETS["start"], text=text * 9, tokenizer=tokenizer, merges=3, normalization="as_is"
    )
    result = run(settings)
    for slug in STAGED:
        sent = Sent(data_for(slug, result))
        assert sent.meta["tokens"] == [visible(token) for token in result.batch.vocabulary]
        assert_sent_as_computed(sent, result)


# What a browser or a link says.

JUNK = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5)
    | some.sampled_from(["7", "-1", "1e9", "nan", "9" * 5000, 10**400, -(10**400), "٣", 1e308]),
    lambda inner: some.lists(inner, max_size=4)
    | some.dictionaries(some.text(max_size=3) | some.sampled_from("BTDHV"), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip
WISHES = some.fixed_dictionaries({}, optional=dict.fromkeys(["t", "sequence"], JUNK))
SIZES = {"B": 3, "T": 8, "D": 4, "H": 5, "V": 30}


@given(wish=WISHES)
def test_any_wish_gives_a_place_that_there_is(wish):
    found = stage_place(wish, SIZES)
    assert type(found.sequence) is type(found.t) is int
    assert 0 <= found.sequence < SIZES["B"]
    assert 0 <= found.t < SIZES["T"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, Place(0, 0)),
        ({"t": 3, "sequence": 2}, Place(2, 3)),
        ({"t": "3", "sequence": "2"}, Place(0, 0)),
        ({"t": 99, "sequence": 99}, Place(2, 7)),
        ({"t": -1, "sequence": None}, Place(0, 0)),
        ({"t": float("nan"), "sequence": float("inf")}, Place(0, 0)),
        ({"t": [3], "sequence": {"t": 3}}, Place(0, 0)),
    ],
)
def test_a_place_is_as_near_as_there_is(wish, expected):
    assert stage_place(wish, SIZES) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), ("0", 0), ("7", 7), ("007", 7), (None, 5)]
    + [(v, 0) for v in ("8", "99", "-1", "3.0", "abc", "", "nan", "9" * 5000, "٣")],
)
def test_a_place_of_a_link_is_there_or_the_first(value, expected):
    assert from_query(value, SIZES["T"], 5) == expected
