"""`explain` opens any number: its terms and its printed formula give the number again."""

import ast
import math
import operator
import re
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import small_settings
from test_edits import draw_edits

from explainer import PRESETS, explain, run
from explainer.engine.edits import edited_run
from explainer.errors import ExplainerError
from explainer.explanation.index_form import sigmoid
from explainer.explanation.number_formula import format_number

# A little calculator that knows nothing of the package.

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "min": min,
    "ReLU": lambda x: max(x, 0.0),
    "clip": lambda x, low=0, high=1: min(max(x, low), high),
    "sign": lambda x: float(np.sign(x)),
}


def calculate(formula, known=None):
    """The value of a printed formula; `known` gives the tensors and sizes that it names."""
    for written, meant in (("−", "-"), ("·", "*"), ("σ(", "sigmoid("), ("√(", "sqrt(")):
        formula = formula.replace(written, meant)
    while found := re.search(r"Σ_([a-z](?:,[a-z])*) ", formula):
        rest = formula[found.end() :]
        end = length_of_product(rest)
        total = f"total_{found[1].replace(',', '_')}({rest[:end]})"
        formula = formula[: found.start()] + total + rest[end:]
    return value_of(ast.parse(formula, mode="eval").body, known or {})


def length_of_product(text):
    """How far the sum sign at the left of a text reaches: to the next + or − outside brackets."""
    depth = 0
    for i, character in enumerate(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if depth < 0 or (depth == 0 and text[i : i + 3] in (" + ", " - ")):
            return i
    return len(text)


def value_of(node, known):
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub()):
            return -value_of(node.operand, known)
        case ast.BinOp():
            left, right = value_of(node.left, known), value_of(node.right, known)
            return OPERATORS[type(node.op)](left, right)
        case ast.Call(func=ast.Name(id=name)) if name.startswith("total_"):
            letters = name.split("_")[1:]
            sizes = [size_of(letter, node, known) for letter in letters]
            return math.fsum(
                value_of(node.args[0], known | dict(zip(letters, place, strict=True)))
                for place in product(*map(range, sizes))
            )
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](*(value_of(argument, known) for argument in node.args))
        case ast.Name(id=name):
            return known[name] if isinstance(known[name], int) else float(known[name])
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=places)):
            return float(known[name][tuple(int(value_of(p, known)) for p in places)])
        case ast.Subscript(value=ast.Name(id=name), slice=place):
            return float(known[name][int(value_of(place, known))])
    raise AssertionError(f"cannot read {ast.dump(node)}")


def size_of(letter, node, known):
    """How far a letter runs: the length of the axis where it stands; an axis of 1 has 0 for it."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript):
            places = inner.slice.elts if isinstance(inner.slice, ast.Tuple) else [inner.slice]
            for axis, place in enumerate(places):
                if isinstance(place, ast.Name) and place.id == letter:
                    return known[inner.value.id].shape[axis]
    return 1


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2·3 + 4", 10),
        ("2 − 3 − 4", -5),
        ("−(−1e−06)·2 / 4", 5e-7),
        ("σ(0) + √(4) + ln(exp(3)) − min(7, 1)", 4.5),
        ("Σ_d x[d]·y[d,0] + 1 − (Σ_b,d y[d,b]) / B", 4 - 15 / 2),
        ("y[x[0],1]", 5),
    ],
)
def test_the_calculator_can_calculate(formula, value):
    known = {"x": np.array([2, 1, 0]), "y": np.array([[0, 1], [3, 2], [4, 5]]), "B": 2}
    assert calculate(formula, known) == pytest.approx(value)


# Every number.


def apply(function, terms, position):
    """What an explanation's function makes of its terms."""
    if function in ("softmax", "log_softmax"):
        share = math.exp(terms[position]) / math.fsum(map(math.exp, terms))
        return share if function == "softmax" else math.log(share)
    total = math.fsum(terms)
    return min(total, 1.0) if function == "min" else FUNCTIONS[function or "plain"](total)


FUNCTIONS["plain"] = float
FUNCTIONS["log"] = math.log
FUNCTIONS["relu"] = FUNCTIONS["ReLU"]


def same(found, value, terms):
    """Equal to 1e-9, or to the rounding of a sum of large terms that cancel."""
    size = max(1.0, *(abs(t) for t in terms))
    return math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-12 * size)


@given(settings=small_settings(lengths=()), places=st.randoms(use_true_random=False))
def test_every_number_of_a_run_follows_from_its_explanation(settings, places):
    result = run(settings)
    for trace in (result.trace, result.update, result.second):
        for name in trace:
            index = tuple(places.randrange(n) for n in trace.shape(name))
            opened = explain(trace, name, index, digits=None, shown=None)
            value = float(trace[name][index])
            terms = [term.value for term in opened.terms]
            where = f"{name}{list(index)}: {opened}"
            assert opened.value == value, where
            assert same(opened.recompute(), value, terms), where
            assert same(apply(opened.function, terms, opened.position), value, terms), where
            left, *formulas = opened.numbers.split(" = ")
            assert left == (f"{name}[{','.join(map(str, index))}]" if index else name)
            assert formulas, where
            for formula in formulas:
                assert same(calculate(formula), value, terms), where
            known = {n: trace[n] for n in (name, *trace.quantities[name].inputs)} | trace.sizes
            for formula in opened.symbols.removesuffix(" is given").split(" = "):
                assert same(calculate(formula, known), value, terms), where


@pytest.mark.parametrize("preset", ["start", "math", "story"])
def test_every_factor_says_which_numbers_of_the_trace_it_is_made_of(preset):
    result, places = run(PRESETS[preset]), Random(1)
    for trace in (result.trace, result.update, result.second):
        for name, quantity in trace.quantities.items():
            index = tuple(places.randrange(n) for n in trace.shape(name))
            opened = explain(trace, name, index)
            used = set()
            for factor in (f for term in opened.terms for f in term.factors):
                for element, place in factor.elements:
                    assert len(place) == len(trace.shape(element))
                    assert math.isfinite(trace[element][place])
                    used.add(element)
                if len(factor.elements) == 1 and re.fullmatch(r"\w+\[[\d,]+\]", factor.text):
                    ((element, place),) = factor.elements
                    assert factor.value == trace[element][place]
                    assert factor.text == f"{element}[{','.join(map(str, place))}]"
            # a look-up uses ids to find the row; sizes only count
            assert used <= {*quantity.inputs, name}
            unused = set(quantity.inputs) - used
            at_the_edge = {"h", "h_0", "d_h_prev"} if name in ("h_prev", "d_h_next") else set()
            assert unused <= {"ids", "targets", "ce_1", "ce_2", "ce_3", *at_the_edge}, name


def test_every_quantity_has_three_lines_and_a_reason(start_run, math_run):
    for result in (start_run, math_run):
        for trace in (result.trace, result.update, result.second):
            for name in trace:
                opened = explain(trace, name, (0,) * len(trace.shape(name)))
                assert opened.symbols.startswith(name)
                assert opened.shapes.startswith(name)
                assert opened.numbers.startswith(name)
                assert opened.latex
                assert opened.description.endswith(".")


# What the texts show.


def test_the_notebooks_example_can_be_read(start_run):
    trace = start_run.trace
    opened = explain(trace, "z", (0, 2, 1), digits=3)
    parts = [float(trace[name][0, 2, 1]) for name in ("a_iz", "a_hz")]
    assert opened.symbols == "z[0,2,1] = σ(a_iz[0,2,1] + a_hz[0,2,1])"
    assert opened.function == "sigmoid"
    assert [term.value for term in opened.terms] == parts
    assert opened.value == pytest.approx(1 / (1 + math.exp(-sum(parts))))
    assert all(f"{abs(x):.3f}" in opened.numbers for x in (*parts, opened.value))
    assert "z (B=2, T=8, H=4)" in opened.shapes
    assert "-" not in opened.numbers  # a true minus


def test_every_term_of_a_sum_is_there_and_the_bias_too(start_run):
    opened = explain(start_run.trace, "a_iz", (1, 3, 2))
    *products, bias = [[f.elements for f in term.factors] for term in opened.terms]
    assert products == [[(("x", (1, 3, d)),), (("W_iz", (2, d)),)] for d in range(4)]
    assert bias == [(("b_iz", (2,)),)]


def written_and_left_out(text):
    """How many numbers of a sum a text writes, and how many it says it leaves out."""
    formula = text.split(" = ")[1]
    left_out = [int(n) for n in re.findall(r"(\d+)\s*(?:\\text\{)?\s*more", formula)]
    return len(re.findall(r"\d+\.\d+", formula)), sum(left_out)


@pytest.mark.parametrize("shown", [1, 2, 5, 15, 16, 17, None])
@pytest.mark.parametrize("name", ["d_b_hz", "d_b_in"])
def test_a_long_sum_is_shortened_and_says_how_many_are_left_out(start_run, name, shown):
    opened = explain(start_run.trace, name, (0,), shown=shown)
    written, left_out = written_and_left_out(opened.numbers)
    assert len(opened.terms) == 16
    assert written + left_out == 16
    assert written == (16 if shown is None else min(shown, 16))
    assert ("more" in opened.latex) == bool(left_out)


def test_a_long_sum_is_shortened_unless_asked_not_to(start_run):
    trace = start_run.trace
    assert written_and_left_out(explain(trace, "d_b_hz", (0,)).numbers)[1] > 0
    assert written_and_left_out(explain(trace, "loss").numbers) == (8, 0)


def test_terms_that_matter_most_are_written(start_run):
    trace = start_run.trace
    opened = explain(trace, "d_b_hz", (0,), digits=None, shown=3)
    largest = sorted((term.value for term in opened.terms), key=abs)[-3:]
    for value in largest:
        assert repr(abs(value)).replace("-", "−") in opened.numbers


@pytest.mark.parametrize("digits", [2, 4, 8])
def test_digits_are_the_readers_choice(start_run, digits):
    opened = explain(start_run.trace, "n", (0, 3, 1), digits=digits)
    assert all(len(d) == digits for d in re.findall(r"\.(\d+)", opened.numbers))


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"digits": -1}, r"digits must be .* 0 to 17; got -1\. None"),
        ({"digits": 18}, r"digits must be .* 0 to 17; got 18\. None"),
        ({"shown": 0}, r"shown must be .* 1 to .*; got 0\. None"),
        ({"digits": "4"}, r"digits must be .* 0 to 17; got '4'\. None"),
        ({"digits": 3.5}, r"digits must be .* 0 to 17; got 3\.5\. None"),
        ({"digits": True}, r"digits must be .* 0 to 17; got True\. None"),
        ({"digits": [4]}, r"digits must be .* 0 to 17; got \[4\]\. None"),
        ({"shown": 2.5}, r"shown must be .* 1 to .*; got 2\.5\. None"),
        ({"shown": "a"}, r"shown must be .* 1 to .*; got 'a'\. None"),
        ({"shown": True}, r"shown must be .* 1 to .*; got True\. None"),
    ],
)
def test_a_number_that_can_not_be_written_so_says_what_is_possible(start_run, choice, said):
    with pytest.raises(ExplainerError, match=said):
        explain(start_run.trace, "a_iz", (0, 0, 0), **choice)


def test_numbers_of_numpys_types_open_the_same(start_run):
    place = (0, 3, 1)
    expected = explain(start_run.trace, "d_z", place, digits=2, shown=2)
    one, two = np.int64(1), np.int64(2)
    opened = explain(start_run.trace, "d_z", (0 * one, 3 * one, one), digits=two, shown=two)
    assert opened == expected


@pytest.mark.parametrize("name", ["trace", "settings", "batch"])
def test_what_is_no_trace_is_told_which_there_are(start_run, name):
    wrong = start_run if name == "trace" else getattr(start_run, name)
    with pytest.raises(
        TypeError, match=r"trace must be a trace, such as run\(settings\)\.trace; got"
    ):
        explain(wrong, "z", (0, 0, 0))


@pytest.mark.parametrize("shown", [1, 2, 3, None])
def test_every_quantity_can_be_written_in_so_few_terms(start_run, shown):
    for trace in (start_run.trace, start_run.update):
        for name in trace:
            assert explain(trace, name, (0,) * len(trace.shape(name)), shown=shown).numbers


@pytest.mark.parametrize("bias", [1000.0, 720.0, -750.0, -2000.0])
@pytest.mark.parametrize("name", ["p", "log_p"])
def test_a_softmax_of_any_logits_is_true_as_it_is_printed(name, bias):
    """Where exp(logit) overflows or is 0, the largest logit is taken out first."""
    settings = replace(PRESETS["start"], head_bias=True)
    parameters = run(settings).update.before
    far = {**parameters, "b_o": np.full_like(parameters["b_o"], bias)}
    trace = run(settings, parameters=far).trace
    opened = explain(trace, name, (0, 7, 3), digits=None, shown=None)
    _, printed, value = opened.numbers.split(" = ")
    assert float(calculate(value)) == trace[name][0, 7, 3]
    assert calculate(printed) == pytest.approx(trace[name][0, 7, 3], rel=1e-9)
    assert opened.recompute() == pytest.approx(trace[name][0, 7, 3], rel=1e-9)
    assert "more" in explain(trace, name, (0, 7, 3)).numbers


def test_the_largest_terms_are_found_where_exponentials_overflow():
    trace = run(replace(PRESETS["start"], learning_rate=1000.0, updates=3)).trace
    logits = trace["logits"]
    b, t, _ = map(int, np.unravel_index(logits.argmax(), logits.shape))
    largest = format_number(logits.max())
    assert logits.max() > 710
    for v in range(trace.sizes["V"]):
        assert f"exp({largest} − {largest})" in explain(trace, "p", (b, t, v)).numbers
        printed = explain(trace, "p", (b, t, v), None, None).numbers.split(" = ")[1]
        assert calculate(printed) == pytest.approx(trace["p"][b, t, v], rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.5, 0, "5e−01"),
        (-0.5, 0, "−5e−01"),
        (5e-7, 6, "5.00000e−07"),
        (5e-5, 4, "0.0001"),
        (0.0, 2, "0.00"),
        (-0.0, 2, "0.00"),
    ],
)
def test_only_zero_looks_like_zero(value, digits, text):
    assert format_number(value, digits) == text


def test_a_tiny_number_does_not_look_like_zero(linear_algebra_run):
    result = run(replace(PRESETS["start"], learning_rate=1e-9))
    opened = explain(result.update, "lr_d_W_o", (0, 0), digits=2)
    assert float(calculate(opened.numbers.split(" = ")[-1])) != 0
    zero = explain(linear_algebra_run.trace, "h_0", (0, 0))
    assert zero.numbers == "h_0[0,0] = 0.0000"


@pytest.mark.parametrize("name", ["square_W_hz", "square_W_hn"])
def test_a_sum_over_rows_and_columns_has_two_letters(start_run, name):
    """With one letter, Σ d[k,k], it would be read as a sum along the diagonal."""
    symbols = explain(start_run.update, name).symbols
    row, column = re.findall(r"\[(\w),(\w)\]", symbols)[0]
    assert row != column, symbols


# What there is not.


@pytest.mark.parametrize(
    "index", [(), (0,), (0, 0), (0, 0, 0, 0), (2, 0, 0), (0, 8, 0), (0, 0, 4), (-1, 0, 0)]
)
def test_an_index_that_is_not_there_says_what_is_possible(start_run, index):
    with pytest.raises(ValueError, match="B 0 to 1, T 0 to 7, H 0 to 3") as caught:
        explain(start_run.trace, "z", index)
    assert str(index) in str(caught.value)


def test_a_single_number_takes_no_index(start_run):
    with pytest.raises(ValueError, match=r"index must be \(\), as a single number needs no index"):
        explain(start_run.trace, "loss", (0,))


@pytest.mark.parametrize("name", ["q", "Z", "", "new_W_hz", "d_p"])
def test_a_name_that_is_not_there_says_which_are(start_run, name):
    with pytest.raises(KeyError) as caught:
        explain(start_run.trace, name, (0, 0, 0))
    assert str(caught.value).startswith("name must be one of ")
    assert str(caught.value).endswith(f"; got {name!r}.")


def test_an_explanation_is_a_value(start_run):
    assert explain(start_run.trace, "d_n", (0, 1, 2)) == explain(start_run.trace, "d_n", (0, 1, 2))


def test_a_changed_number_says_what_it_was(start_run):
    was = float(start_run.trace["W_hz"][0, 1])
    result = run(PRESETS["start"], edits={"W_hz": {(0, 1): 0.5}, "ids": {(0, 2): 5}})
    for trace in (result.trace, result.update):
        opened = explain(trace, "W_hz", (0, 1))
        written = f"{was:.4f}".replace("-", "−")
        assert opened.numbers == f"W_hz[0,1] = 0.5000; changed from {written}"
        assert opened.symbols == "W_hz[0,1] is given"
        assert (opened.before, opened.by_itself, opened.value) == (was, None, 0.5)
        assert opened.edit == f"changed from {written}"
    # the second pass has it as the update has made it
    assert explain(result.second, "W_hz", (0, 1)).edit == ""
    before = int(start_run.trace["ids"][0, 2])
    assert explain(result.trace, "ids", (0, 2)).numbers == f"ids[0,2] = 5; changed from {before}"


def test_a_held_number_says_what_it_would_be_by_itself(start_run):
    result = run(PRESETS["start"], edits={"z": {(0, 2, 1): 1.0}})
    alone = start_run.trace["z"][0, 2, 1]
    for trace in (result.trace, result.second):
        opened = explain(trace, "z", (0, 2, 1))
        assert opened.symbols == "z[0,2,1] is held"
        assert opened.numbers == f"z[0,2,1] {opened.edit}"
        assert (opened.before, opened.value, opened.recompute()) == (None, 1.0, 1.0)
    opened = explain(result.trace, "z", (0, 2, 1))
    assert math.isclose(opened.by_itself, alone, rel_tol=1e-12)
    assert opened.edit == f"held at 1.0000; by itself {alone:.4f}"
    exact = explain(result.trace, "z", (0, 2, 1), digits=None)
    assert exact.edit == f"held at 1.0; by itself {opened.by_itself!r}"
    assert opened.shapes == explain(start_run.trace, "z", (0, 2, 1)).shapes
    assert opened.description == explain(start_run.trace, "z", (0, 2, 1)).description


@pytest.mark.parametrize("edits", [{}, {"z": {(0, 2, 1): 0.0}}, {"h": {(1, 7, 0): 0.5}}])
def test_numbers_that_no_edit_reaches_are_explained_as_ever(start_run, edits):
    result = run(PRESETS["start"], edits=edits)
    for name in ("z", "h", "e", "r", "W_hz", "logits"):
        index = (0, 1, 1)[: len(start_run.trace.shape(name))]
        assert explain(result.trace, name, index) == explain(start_run.trace, name, index)


@given(settings=small_settings(lengths=()), number=st.integers(0, 2**32))
def test_edited_numbers_follow_from_their_explanation(settings, number):
    base, places = run(settings), Random(number)
    result = edited_run(base, draw_edits(base, places))
    for trace in (result.trace, result.update, result.second):
        for name in trace:
            index = tuple(places.randrange(n) for n in trace.shape(name))
            opened = explain(trace, name, index, digits=None, shown=None)
            value = float(trace[name][index])
            assert same(opened.recompute(), value, [t.value for t in opened.terms]), opened
            edit = trace.edits.get(name)
            edited = edit is not None and bool(edit.where[index])
            assert bool(opened.edit) == edited
            assert opened.numbers.endswith(opened.edit)
            if edited and edit.before is None:
                assert opened.by_itself == trace[f"own_{name}"][index]
            elif edited:
                assert opened.before == edit.before[index]


@pytest.mark.parametrize("x", [-1e308, -1000.0, -40.0, 0.0, 40.0, 1000.0, 1e308])
def test_a_sigmoid_of_any_number_is_one(x):
    assert sigmoid(x) == pytest.approx(float(torch.sigmoid(torch.tensor(x).double())), abs=1e-300)
