"""What the stage is sent: every number as the run has it, and never too much of it."""

import base64
import json
import math
from dataclasses import asdict, replace
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
from explainer.app.stage_component import opening
from explainer.engine.edits import limits
from explainer.engine.network import network
from explainer.plots.tables import visible
from explainer.stage.buffer import THUMBNAIL, Buffer
from explainer.stage.chapters import chapter
from explainer.stage.engine_input import given_numbers, network_as_json
from explainer.stage.parts import OPERANDS, Place, answer
from explainer.stage.payload import SAMPLES, payload

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
        self.parts = self.meta.get("parts")
        self.content = base64.b64decode(data["numbers"], validate=True)
        self.bytes = np.frombuffer(base64.b64decode(data["quantised"], validate=True), np.uint8)
        self.length = sum(len(data[name]) for name in ("meta", "numbers", "quantised"))

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

    # of a run in parts

    def described(self, name):
        sent = self.parts[name]
        return self.parts[sent["same"]] if "same" in sent else sent

    def part(self, name):
        """First and end of what was sent, for each dim."""
        shape = self.quantities[name]["shape"]
        return self.described(name).get("part") or [[0, size] for size in shape]

    def __contains__(self, name):
        return name in self.parts

    def __getitem__(self, name):
        shape = [end - first for first, end in self.part(name)]
        return self.decode(self.described(name), shape)

    def rough(self, name):
        """A large matrix as its colours have it."""
        sent, (rows, columns) = self.parts[name], self.quantities[name]["shape"]
        found = self.bytes[sent["quantised"] : sent["quantised"] + rows * columns].astype(float)
        return ((found - 128) / 127 * sent["limit"]).reshape(rows, columns)

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
    sizes, batch = result.trace.sizes, result.batch
    assert sent.meta["sizes"] == sizes
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
    if sent.parts is None:
        assert_given_as_computed(sent, result)
        return
    assert (sent.meta["ids"], sent.meta["targets"]) == (batch.ids.tolist(), batch.targets.tolist())
    for name in ("z", "r", "n", "h"):
        expected = result.trace[name][sent.meta["place"]["sequence"]].mean(-1)
        np.testing.assert_allclose(sent.meta["means"][name], expected, atol=0.0005)
    for name in sent.parts:
        value = trace_of(result, name)[name]
        cut = tuple(slice(*ends) for ends in sent.part(name))
        np.testing.assert_array_equal(sent[name], value[cut], err_msg=name)
        if "quantised" in sent.parts[name]:
            error = np.abs(sent.rough(name) - value).max()
            assert error <= np.abs(value).max() / 254 + 1e-15, name


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


def assert_place_is_sent(sent, result, here):
    """What the scene shows, and what it is made of, is there at one place."""
    if sent.parts is None:
        return  # all of it is computed
    shown = sent.named()
    needed = [n for name in shown for n in trace_of(result, name).quantities[name].inputs]
    for name in dict.fromkeys([*shown, *needed]):
        assert name in sent, f"{name} was not sent"
        q = sent.quantities[name]
        for dim, (first, end), size in zip(q["dims"], sent.part(name), q["shape"], strict=True):
            at = {"B": here.sequence, "T": here.t}.get(dim, here.focus.get(dim, 0))
            assert 0 <= first <= at < end <= size, f"{name} has {dim} {first} to {end - 1}"


# The stage of each chapter.


def data_for(slug, result, here=None, parameter=None):
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
    return payload(result, lanes, here or Place(), **also)


# Arrays.

WHOLE = some.sampled_from([0.0, 1.0, -2.5])
NUMBERS = some.floats(allow_nan=False, allow_infinity=False) | WHOLE
ARRAYS = arrays(np.float64, array_shapes(min_dims=0, max_dims=3), elements=NUMBERS, fill=WHOLE)


def received(buffer, **described):
    """Arrays as a browser has them."""
    return Sent({"meta": json.dumps({"quantities": {}, **described}), **buffer.text()})


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


@given(value=arrays(np.float64, (3, 5), elements=some.floats(-1e300, 1e300)))
def test_a_thumbnail_is_right_within_a_colour(value):
    buffer = Buffer()
    buffer.thumbnail(np.ones((2, 2)))  # something before it
    parts = {"x": buffer.thumbnail(value)}
    described = {"sizes": {"B": 3, "D": 5}, "quantities": {"x": {"dims": ["B", "D"]}}}
    rough = received(buffer, **described, parts=parts).rough("x")
    assert (np.abs(rough - value) <= np.abs(value).max() / 254 * (1 + 1e-12)).all()


def test_a_thumbnail_of_a_matrix_that_is_too_large_is_left_out():
    buffer = Buffer()
    assert buffer.thumbnail(np.ones((1, THUMBNAIL + 1))) == {}
    assert buffer.quantised == b""


# Every chapter at every preset.


@pytest.fixture(scope="module", params=PRESETS)
def preset_run(request):
    return run(PRESETS[request.param])


def test_a_preset_is_sent_in_a_moment_and_computed_in_the_browser(preset_run):
    sizes = preset_run.trace.sizes
    here = Place(sizes["B"] - 1, sizes["T"] - 1, {})
    many = [Sent(data_for(slug, preset_run, here)) for slug in STAGED]
    for sent, (numbers, difference) in zip(many, in_browser(many), strict=True):
        assert sent.length <= 80_000
        assert sent.parts is None
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
        assert_place_is_sent(sent, result, Place())


def test_the_other_convention_is_sent_with_the_gate(start_run):
    for slug, there in (("cell", True), ("time", True), ("prediction", False)):
        sent = Sent(data_for(slug, start_run))
        assert ("z_other" in sent.quantities) == there
        if there:
            numbers = in_browser([sent])[0][0]
            np.testing.assert_allclose(numbers["z_other"], 1 - start_run.trace["z"], atol=1e-15)
            np.testing.assert_allclose(numbers["h_other"], start_run.trace["h"], atol=1e-15)


# Runs that are too large to be computed in the browser.

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
ENDS = {"first": 0.0, "inside": 0.7, "last": 1.0}


@pytest.fixture(scope="module", params=LARGE.values(), ids=LARGE.keys())
def large_run(request):
    return run(request.param)


@pytest.mark.parametrize(
    ("slug", "parameter"),
    [*((slug, None) for slug in STAGED), ("gradients", "W_o"), ("update", "W_in")],
)
def test_a_large_run_is_sent_in_parts_that_have_the_place(large_run, slug, parameter):
    sizes = large_run.trace.sizes
    for share in ENDS.values():
        sequence, t = (round(share * (sizes[dim] - 1)) for dim in ("B", "T"))
        focus = {dim: round(share * (sizes[dim] - 1)) for dim in ("D", "H", "V")}
        here = Place(sequence, t, focus)
        sent = Sent(data_for(slug, large_run, here, parameter))
        assert sent.length <= 2_000_000
        assert sent.meta["place"] == {"sequence": sequence, "t": t, "focus": focus}
        assert_place_is_sent(sent, large_run, here)
        for name in sent.named():
            cut = tuple(slice(*ends) for ends in sent.part(name))
            expected = trace_of(large_run, name)[name][cut]
            np.testing.assert_array_equal(sent[name], expected, err_msg=name)


def test_what_is_the_same_is_sent_once():
    result = run(LARGE["wide"])
    sent = Sent(data_for("gradients", result))
    same = {name: one["same"] for name, one in sent.parts.items() if "same" in one}
    assert same
    for name, other in same.items():
        assert "same" not in sent.parts[other]
        assert sent.quantities[name]["shape"] == sent.quantities[other]["shape"]
        first, second = (trace_of(result, n)[n] for n in (name, other))
        np.testing.assert_array_equal(first, second)


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
NAMED = some.sampled_from(["z", "new_W_hz", "d_W_hn_t", "loss", "h_prev", "q", ""])
INDICES = some.lists(some.integers(-1, 9) | some.sampled_from([1e400, -1e400, 1.5, 2.0, 10**400]))
OPENED = some.tuples(NAMED | JUNK, INDICES | JUNK).map(list) | JUNK
WISHES = some.fixed_dictionaries({}, optional=dict.fromkeys(["t", "sequence", "focus"], JUNK))
SIZES = {"B": 3, "T": 8, "D": 4, "H": 5, "V": 30}


@given(wish=WISHES)
def test_any_wish_gives_a_place_that_there_is(wish):
    found = stage_place(wish, SIZES)
    assert type(found.sequence) is type(found.t) is int
    assert 0 <= found.sequence < SIZES["B"]
    assert 0 <= found.t < SIZES["T"]
    assert found.focus.keys() <= SIZES.keys()
    for dim, first in found.focus.items():
        assert type(first) is int
        assert 0 <= first < SIZES[dim]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, Place(0, 0, {})),
        ({"t": 3, "sequence": 2, "focus": {"H": 4}}, Place(2, 3, {"H": 4})),
        ({"t": "3", "sequence": "2"}, Place(0, 0, {})),
        ({"t": 99, "sequence": 99, "focus": {"H": 99, "Q": 1}}, Place(2, 7, {"H": 4})),
        ({"t": -1, "sequence": None, "focus": [1]}, Place(0, 0, {})),
        ({"t": float("nan"), "sequence": float("inf"), "focus": {"V": "x"}}, Place(0, 0, {"V": 0})),
        ({"t": [3], "sequence": {"t": 3}, "focus": {"D": [2]}}, Place(0, 0, {"D": 0})),
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


@given(wanted=OPENED, digits=JUNK)
def test_any_wish_opens_a_number_or_nothing(start_run, wanted, digits):
    opened = opening({"open": wanted, "digits": digits})
    if opened is None:
        return
    name, index, digits = opened
    assert isinstance(name, str)
    assert all(type(i) is int for i in index)
    try:
        found = answer(start_run, name, index, digits)
    except (KeyError, ValueError):
        return  # there is no such number
    assert found["value"] == trace_of(start_run, name)[name][index]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"open": ["z", [1, 2, 3]], "digits": 4}, ("z", (1, 2, 3), 4)),
        ({"open": ["z", [1, 2, 3]], "digits": None}, ("z", (1, 2, 3), None)),
        ({"open": ["z", [1.0, 2.0, 3.0]]}, ("z", (1, 2, 3), None)),
        ({"open": ["loss", []], "digits": 4}, ("loss", (), 4)),
        ({}, None),
        ({"open": "z"}, None),
        ({"open": ["z"]}, None),
        ({"open": [["z"], [0]]}, None),
        ({"open": ["z", "012"]}, None),
        ({"open": ["z", [True, 0, 0]]}, None),
        ({"open": ["z", [None]]}, None),
        ({"open": ["z", [float("nan"), 0, 0]]}, None),
        ({"open": ["z", [0, float("inf"), 0]]}, None),
        ({"open": {"z": [0, 0, 0], "r": 0}}, None),
    ],
)
def test_a_number_is_opened_by_name_and_place(wish, expected):
    assert opening(wish) == expected


# Answers.

ASKED = {
    "z": (1, 5, 2),
    "d_W_hz": (0, 3),
    "d_W_hz_t": (4, 0, 3),
    "h_prev": (0, 0, 1),
    "p": (1, 7, 11),
    "loss": (),
    "ids": (0, 1),
    "new_W_o": (35, 3),
    "norm": (),
    "predicted_change": (),
}


@pytest.mark.parametrize("digits", [4, None])
@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_the_explanation(start_run, name, digits):
    trace, index = trace_of(start_run, name), ASKED[name]
    found = json.loads(json.dumps(answer(start_run, name, index, digits), allow_nan=False))
    opened = asdict(explain(trace, name, index, digits=digits))
    for key in ("name", "symbols", "shapes", "numbers", "latex", "value"):
        assert found[key] == opened[key]
    assert (found["index"], found["digits"]) == (list(index), digits)
    elements = [e for t in opened["terms"] for f in t["factors"] for e in f["elements"]]
    numbers = {(n, tuple(i)): value for n, i, value in found["operands"]}
    assert list(numbers) == list(dict.fromkeys(elements))[:OPERANDS]
    for (operand, at), value in numbers.items():
        assert value == trace_of(start_run, operand)[operand][at]


def test_an_answer_has_a_bounded_length():
    result = run(replace(STORY, hidden_size=64, batch_size=16, context_length=64))
    for name, index in {"d_W_hz": (0, 0), "loss": (), "d_b_hz": (0,), "ce_2": (0, 0)}.items():
        found = answer(result, name, index, None)
        assert 0 < len(found["operands"]) <= OPERANDS
        assert len(json.dumps(found)) < 50_000


@pytest.mark.parametrize(
    ("name", "index", "error"),
    [
        ("q", (), KeyError),
        ("", (0,), KeyError),
        ("z", (), ValueError),
        ("z", (0, 8, 0), ValueError),
        ("z", (-1, 0, 0), ValueError),
        ("z", (10**5000, 0, 0), ValueError),
        ("loss", (0,), ValueError),
    ],
)
def test_a_number_that_there_is_not_has_no_answer(start_run, name, index, error):
    with pytest.raises(error):
        answer(start_run, name, index, 4)
