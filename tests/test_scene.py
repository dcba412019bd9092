"""Lanes: what is derived from the equations is what they say, read from top to bottom."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from beside_torch import SMALL
from scenes import STAGED, quantities_of, scene_of, written_scene

from explainer import run
from explainer.engine.expression import leaves
from explainer.engine.quantity import equation, leaf
from explainer.stage.lanes import derive
from explainer.stage.scene import Band, Lane, Row, lane

NETWORKS = [
    (variant, input_, clip_norm, head_bias)
    for variant in ("reset_after", "reset_before")
    for input_ in ("embedding", "one_hot")
    for clip_norm, head_bias in ((None, False), (0.01, True))
]


ACTIVATED = [
    ("reset_after", "embedding", None, False, "hard_sigmoid_6", "relu"),
    ("reset_before", "embedding", None, False, "hard_sigmoid_5", "linear"),
    ("reset_after", "embedding", None, False, "linear", "hard_sigmoid_6"),
]
COUNTED = [("reset_after", "embedding", None, True, "sigmoid", "tanh", "last", (5, 2, 4))]
VALUES = [(*COUNTED[0][:6], "last", (), np.arange(45.0).reshape(3, 5, 3) / 45)]
KINDS = [*NETWORKS, *ACTIVATED, *COUNTED, *VALUES]


@pytest.fixture(scope="module", params=KINDS, ids=lambda p: "-".join(map(str, p[:8])))
def network_run(request):
    names = ("variant", "input", "clip_norm", "head_bias", "gate_activation")
    more = ("candidate_activation", "answers", "lengths", "values")
    chosen = dict(zip((*names, *more), request.param, strict=False))
    return run(replace(SMALL, **chosen))


def trace_of(result, name):
    return result.trace if name in result.trace else result.update


# What a lane looks like, written by hand.


def gate(input_bias, *past_bias):
    return (
        Band((Row("W_ir", turned=True), Row(input_bias, "+"), Row("a_ir", "=", result=True)), "x"),
        Band(
            (
                Row("W_hr", turned=True),
                *(Row(b, "+") for b in past_bias),
                Row("a_hr", "=", result=True),
                Row("a_r", "+ a_ir =", result=True),
                Row("r", "σ", result=True),
            ),
            "h_prev",
        ),
    )


BY_HAND = {
    ("reset_after", "Reset gate r"): gate("b_ir", "b_hr"),
    ("reset_before", "Reset gate r"): gate("b_r"),
    ("reset_after", "Candidate n"): (
        Band((Row("W_in", turned=True), Row("b_in", "+"), Row("a_in", "=", result=True)), "x"),
        Band(
            (
                Row("W_hn", turned=True),
                Row("b_hn", "+"),
                Row("a_hn", "=", result=True),
                Row("r", "⊙"),
                Row("a_n", "+ a_in =", result=True),
                Row("n", "tanh", result=True),
            ),
            "h_prev",
        ),
    ),
    ("reset_before", "Candidate n"): (
        Band((Row("W_in", turned=True), Row("b_n", "+"), Row("a_in", "=", result=True)), "x"),
        Band((Row("r"), Row("h_prev", "⊙"), Row("h_reset", "=", result=True))),
        Band(
            (
                Row("W_hn", turned=True),
                Row("a_hn", "=", result=True),
                Row("a_n", "+ a_in =", result=True),
                Row("n", "tanh", result=True),
            ),
            "h_reset",
        ),
    ),
    ("reset_after", "New state h"): (
        Band((Row("z"), Row("h_prev", "⊙"), Row("n", "+ (1 − z) ⊙"), Row("h", "=", result=True))),
    ),
    ("reset_after", "What comes in"): (Band((Row("x"),)), Band((Row("h_prev"),))),
}


@pytest.mark.parametrize(("variant", "title"), BY_HAND)
def test_a_lane_of_the_cell(variant, title):
    lanes, wired = scene_of("cell", run(replace(SMALL, variant=variant)))
    assert wired
    (found,) = (one for one in lanes if one.title == title)
    assert found.bands == BY_HAND[variant, title]
    assert found.name == ("x" if title == "What comes in" else title.split()[-1])


def test_a_lane_names_each_quantity_once():
    bands = (Band((Row("W_iz"), Row("a_iz", "=")), "x"), Band((Row("x"), Row("z", "⊙"))))
    assert Lane("Gate", "z", bands).names == ("x", "W_iz", "a_iz", "z")


# Equations that no page has.

GIVEN = {n: leaf(n, n, dims, "Given.") for n, dims in {"a": "H", "b": "H", "W": "H H"}.items()}
GIVEN["s"] = leaf("s", "s", "", "A single number.")


def as_text(one):
    """A lane in one line, for short expectations."""
    words = []
    for band in one.bands:
        for i, row in enumerate(band.rows):
            product = f"{band.left} · " if band.left and i == 0 else ""
            name = f"{product}{row.name}{'ᵀ' if row.turned else ''}{row.after}"
            words.append(f"{row.sign} {name}".strip())
    return " | ".join(words).replace("( ", "(")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b: a * b, "a | ⊙ b | = y"),
        (lambda a, b: torch.sigmoid(a + b), "a | + b | σ y"),
        (lambda s, a: s * a, "a | · s = y"),
        (lambda a, b: a * a * b, "a | ⊙ a ⊙ b | = y"),
        (lambda a, b: a * a + b, "a² | + b | = y"),
        (lambda a, b: a - (b - 1), "a | − (b | − 1) = y"),
        (lambda a, b: a / (b * a), "a | / (b | ⊙ a) = y"),
        (lambda a, b: -a + b, "− a | + b | = y"),
        (lambda a, b, W: a + b @ W, "a | + b · W | = y"),
        (lambda a, b, s: (a - b) / (1 - s), "(a | − b) | / (1 − s) = y"),
    ],
)
def test_any_equation_of_sums_and_products_makes_a_lane(function, expected):
    y = equation("y", "H", name="y", description="Computed.")(function)
    (found,) = derive([lane("Y", "y")], {**GIVEN, "y": y})
    assert as_text(found) == expected


def test_what_stands_above_is_not_written_again():
    quantities = dict(GIVEN)
    for name, function in {
        "u": lambda a, b: a + b,
        "v": lambda b, u: b * u,
        "w": lambda a, b, v: v * (a + b) - a,
    }.items():
        quantities[name] = equation(name, "H", name=name, description="Computed.")(function)
    (found,) = derive([lane("W", "u", "v", "w")], quantities)
    assert as_text(found) == "a | + b | = u | ⊙ b = v | ⊙ u − a = w"


def test_what_a_network_has_not_is_left_out(start_run):
    lanes = [lane("Nothing", "h_reset"), lane("State", "h_reset", "h")]
    (found,) = derive(lanes, quantities_of(start_run))
    assert found.title == "State"
    assert "h_reset" not in found.names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x", None),
        ("W_hz", "W_hz must be computed to be a result; it is given. Put it first."),
        ("h_prev", "this equation has 'before'. Put its result first."),
    ],
)
def test_a_lane_says_what_does_not_fit(start_run, name, message):
    quantities = quantities_of(start_run)
    assert derive([lane("As it is", first=(name,))], quantities)[0].names == (name,)
    if message:
        with pytest.raises(ValueError, match=re.escape(message)):
            derive([lane("Computed", name)], quantities)


# The pages' lanes.

DELIBERATE = {
    "e": ({"ids"}, {"one_hot"}),  # a row of E is looked up as the one-hot row times E
    "log_p": ({"logits"}, {"p"}),  # log_softmax of the logits is ln p
    "d_logits": ({"targets"}, set()),  # they are counted, and their values don't matter
}
"""What a lane leaves out of a result's equation, and what it has instead."""
LETTERS = {"q": "dropout", "lr": "learning_rate"}
COUNTS = {"B", "T", "mean"}


def must_have(name, q):
    """The tensors that a lane needs for one of its results."""
    if name.startswith(("d_W", "d_b", "d_E")):
        return {name}  # the products that a parameter's gradient adds up would fill a page
    if name.startswith("new_"):  # learning rate × gradient is the lane before
        return {name, name.removeprefix("new_"), name.replace("new_", "lr_d_")}
    missing, instead = DELIBERATE.get(name, (set(), set()))
    return {name, *leaves(q.expression)} - missing | instead


@pytest.mark.parametrize("slug", STAGED)
def test_a_lane_holds_what_its_equations_take_in(network_run, slug):
    quantities = quantities_of(network_run)
    written, _ = written_scene(slug, network_run)
    lanes, _ = scene_of(slug, network_run)
    specs = [s for s in written if quantities.keys() & (s.results or s.first)]
    for spec, one in zip(specs, lanes, strict=True):
        rows = [row for band in one.bands for row in band.rows]
        results = [n for n in spec.results if n in quantities]
        assert [row.name for row in rows if row.result] == results
        signs = re.findall(r"[A-Za-z]\w*", " ".join(row.sign for row in rows))
        named = {LETTERS.get(n, n) for n in signs} - COUNTS - FUNCTIONS.keys() - {"sign"}
        expected = set().union(
            quantities.keys() & spec.first, *(must_have(n, quantities[n]) for n in results)
        )
        assert {*one.names, *(n.removesuffix("ᵀ") for n in named)} == expected, one.title


@pytest.mark.parametrize("slug", STAGED)
def test_each_name_in_a_lane_is_that_of_a_quantity(slug):
    kinds = (("reset_after", "every", None), ("reset_before", "last", None))
    kinds = (*kinds, ("reset_after", "every", np.ones((3, 5, 3))))
    runs = [run(replace(SMALL, variant=v, answers=a, values=x)) for v, a, x in kinds]
    names = {n for result in runs for n in quantities_of(result)}
    for result in runs:
        for spec in written_scene(slug, result)[0]:
            assert {*spec.results, *spec.first} <= names, spec.title


class Reading:
    """Computes what a reader makes of a lane, with the usual order of operations.

    grammar: sum = product {("+" | "−") product}, product = factor {("⊙" | "·" | "/") factor},
    factor = ["−" | "Σ" | "mean"] (number | name | ["sign"] "(" sum ")") ["²"].
    """

    def __init__(self, words, kept):
        self.words = list(words)
        self.kept = kept  # the axes that the result has

    def take(self, *wanted):
        return self.words.pop(0) if self.words and self.words[0] in wanted else None

    def sum(self):
        value = self.product()
        while sign := self.take("+", "−"):
            other = self.product()
            value = value + other if sign == "+" else value - other
        return value

    def product(self):
        value = self.factor()
        while sign := self.take("⊙", "·", "/"):
            other = self.factor()
            if np.ndim(value) == 3 and np.shape(other) == value.shape[:2]:
                other = other[..., None]  # one number for a whole row
            value = value / other if sign == "/" else value * other
        return value

    def factor(self):
        if self.take("−"):
            return -self.factor()
        if self.take("sign"):
            return self.sign()
        if word := self.take("Σ", "mean"):
            if self.words[0] == "(":
                dims = next(word[1] for word in self.words if isinstance(word, tuple))
                value = self.factor()
            else:
                value, dims = self.words.pop(0)
            axes = tuple(i for i, d in enumerate(dims) if d not in self.kept)
            return value.sum(axes) if word == "Σ" else value.mean(axes)
        if self.take("("):
            value = self.sum()
            assert self.take(")")
        else:
            value, _ = self.words.pop(0)
        return value**2 if self.take("²") else value

    def sign(self):
        assert self.take("(")
        value = np.sign(self.sum())
        assert self.take(")")
        return value


FUNCTIONS = {
    "σ": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "ReLU": lambda a: np.maximum(a, 0),
    "clip": lambda a: np.clip(a, 0, 1),
    "ln": np.log,
    "softmax": lambda a: np.exp(a) / np.exp(a).sum(-1, keepdims=True),
}


def is_operator(word):
    return isinstance(word, str) and word in "+−⊙·/"


def read_downwards(one, number, dims):
    """Yield each result of a lane that something leads to, and what a reader computes for it."""

    def named(name, turned=False):
        value, axes = number(name), dims(name)
        if turned:
            return value.swapaxes(-1, -2), (*axes[:-2], axes[-1], axes[-2])
        return value, axes

    def meaning(word):
        if word in ("mean", "sign"):
            return word
        if word == "½":
            return 0.5, ()
        if word[0].isdecimal():
            return float(word), ()
        name = word.removesuffix("ᵀ")
        return named(LETTERS.get(name, name), name != word) if re.match("[a-zA-Z]", word) else word

    above, words = None, []
    for band in one.bands:
        for i, row in enumerate(band.rows):
            signs = re.findall(r"\d+\.\d+|\w+|[^\w\s]", row.sign)
            here = named(row.name, row.turned)
            if not row.result:
                product = band.left if i == 0 else ""
                value = (named(product)[0] @ here[0], dims(row.name)) if product else here
                words += [*map(meaning, signs), value, *row.after]
                continue
            *signs, last = signs
            words += map(meaning, signs)
            if above and (not words or is_operator(words[0]) or words == ["Σ"]):
                words.insert(len(words) if words == ["Σ"] else 0, above)
            if words:
                reading = Reading(words, dims(row.name))
                value = FUNCTIONS.get(last, lambda a: a)(reading.sum())
                assert reading.words == []
                yield row.name, value, here[0]
            above, words = here, []


@pytest.mark.parametrize("slug", STAGED)
def test_a_lane_read_downwards_is_its_equations(network_run, slug):
    def number(name):
        found = network_run.trace.sizes.get(name)
        return trace_of(network_run, name)[name] if found is None else float(found)

    def dims(name):
        return quantities_of(network_run)[name].dims if name not in "BT" else ()

    lanes, _ = scene_of(slug, network_run)
    for one in lanes:
        for name, value, expected in read_downwards(one, number, dims):
            np.testing.assert_allclose(value, expected, atol=1e-12, err_msg=f"{one.title}: {name}")
