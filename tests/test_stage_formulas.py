"""The browser writes the formula of one number as `explain` does, letter by letter."""

import json
import math
import struct
from dataclasses import replace
from random import Random

import pytest

from explainer import PRESETS, explain, run
from explainer.explanation.explain import elements, reader
from explainer.explanation.index_form import (
    Constant,
    Element,
    Filler,
    evaluate,
    index_form,
    own_letters,
)
from explainer.explanation.number_formula import Style, element_text, format_number
from explainer.stage.script import link
from explainer.stage.trees import form_as_json

pytestmark = pytest.mark.browser
SOURCE = """
function makeSource({ quantities, sizes, values }) {
  const value = (name, index) => {
    const { shape } = quantities[name];
    return values[name]?.[index.reduce((offset, i, axis) => offset * shape[axis] + i, 0)];
  };
  return { quantities, sizes, value };
}
"""
OPEN_ALL = """(text) => {
  const { source: data, questions } = JSON.parse(text);
  const source = makeSource(data);
  return JSON.stringify(questions.map(([name, index, options]) => {
    const opened = explanation(source, name, index, options);
    const x = opened.tree ?? entry(name, index);
    return { ...opened, terms: terms(x, source), value: evaluate(x, source) };
  }));
}"""


@pytest.fixture(scope="module")
def page(chromium):
    """An empty page that has the scripts of the formulas."""
    context = chromium.new_context()
    page = context.new_page()
    page.add_script_tag(content=link("explanation"))
    page.add_script_tag(content=SOURCE)
    yield page
    context.close()


# Numbers.


def numbers():
    """Numbers of every size, and those that lie exactly between two that can be written."""
    random = Random(1)
    found = [0.0, 0.1, 0.5, 1.0, 9.5, 9.995, 1e15, 1e16, 1e17, 1e21, 1e22, 123456789012345680.0]
    found += [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e-4, 1e-5, 9.9999999e-5]
    found += [5 * 10.0**-k for k in range(12)] + [0.5 * 10.0**-k for k in range(12)]
    found += [float(random.randrange(10**k)) for k in range(1, 20)]
    found += [10.0**k * (random.randrange(10**6) + 0.5) for k in range(12) for _ in range(20)]
    found += [random.randrange(2 ** (n + 4)) / 2**n for n in range(40) for _ in range(25)]
    found += [random.uniform(0, 2) for _ in range(700)]
    found += [random.random() * 10.0 ** random.randint(-320, 300) for _ in range(700)]
    return [sign * x for x in found for sign in (1, -1)]


@pytest.mark.parametrize("latex", [False, True], ids=["plain", "latex"])
@pytest.mark.parametrize("digits", [0, 1, 2, 4, 8, None])
def test_a_number_is_shown_as_python_shows_it(page, digits, latex):
    ask = """([text, digits, latex]) =>
        JSON.parse(text).map((value) => formatNumber(value, digits, latex))"""
    found = page.evaluate(ask, [json.dumps(numbers()), digits, latex])
    expected = [format_number(value, digits, latex) for value in numbers()]
    assert dict(zip(numbers(), found, strict=True)) == dict(zip(numbers(), expected, strict=True))
    assert found == expected  # a dictionary has one zero, and there are two


def test_the_shortest_form_is_that_of_python(page):
    found = page.evaluate("(text) => JSON.parse(text).map(general)", json.dumps(numbers()))
    assert found == [f"{value:g}" for value in numbers()]


def test_sums_are_exact(page):
    """Also where the last bit hangs on a part that is far smaller."""
    random = Random(2)
    lists = [[], [-0.0], [1e16, 1.0, 1e-16], [1.0, 2.0**-53, 2.0**-106], [1.0, 1e100, 1.0, -1e100]]
    lists += [[1.0, 2.0**-53, -(2.0**-106)], [-1.0, -(2.0**-53), -(2.0**-106)]]
    for _ in range(500):
        some = [random.gauss(0, 1) * 2.0 ** random.randint(-80, 80) for _ in range(9)]
        lists.append([*some, *(-x for x in some if random.random() < 0.5)])
    found = page.evaluate("(text) => JSON.parse(text).map(fsum)", json.dumps(lists))
    assert [struct.pack("d", x) for x in found] == [struct.pack("d", math.fsum(v)) for v in lists]


# Formulas.

START, MATH = PRESETS["start"], PRESETS["math"]
CONSTANT = PRESETS["linear_algebra"]
SETTINGS = {
    "start": START,
    "math": MATH,
    "constant": CONSTANT,
    "before": replace(START, variant="reset_before", head_bias=True, clip_norm=1.0),
    "one_hot": replace(START, input="one_hot", head_bias=True, clip_norm=0.01, dropout=0.5),
    "dyadic": replace(CONSTANT, variant="reset_before", dropout=0.5, dropout_kind="locked"),
    "least": replace(
        CONSTANT, batch_size=1, context_length=1, hidden_size=1, embedding_size=1, training=False
    ),
    "extreme": replace(START, learning_rate=1000.0, updates=3),
    "wide": replace(
        PRESETS["story"], text="A tale of a ship. " * 9, batch_size=3, context_length=5
    ),
}
ASKED = ({"digits": 2, "shown": 3}, {}, {"digits": None, "shown": None})
"""How a number is opened; `explain` and the browser have the same defaults."""


def the_source(trace):
    """Everything a browser needs of a trace, numbers included."""
    return {
        "sizes": dict(trace.sizes),
        "quantities": {
            name: {
                "dims": q.dims,
                "shape": trace.shape(name),
                "symbol": q.symbol,
                "form": form_as_json(index_form(q, trace.quantities)),
                "letters": own_letters(q),
            }
            for name, q in trace.quantities.items()
        },
        "values": {name: trace[name].ravel().tolist() for name in trace},
    }


def computed(trace):
    """The same trace with nothing left to compute, so that many numbers are opened soon."""
    return replace(trace, arrays=dict(trace))


def text_of(pieces):
    return "".join(piece["text"] for piece in pieces)


def all_of(numbers):
    """Numbers of tensors as Python has them: name and index."""
    return tuple((x["name"], tuple(x["index"])) for x in numbers)


def places_of(pieces):
    """The numbers that pieces stand for, each with its text."""
    return [
        (Element(piece["name"], tuple(piece["index"])), piece["text"])
        for piece in pieces
        if "name" in piece
    ]


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS.keys())
def opened(page, request):
    """Numbers of one run, opened here and there: trace, question, explanation, answer."""
    result, random, pairs = run(request.param), Random(3), []
    for trace in map(computed, (result.trace, result.update)):
        questions = [
            (name, tuple(random.randrange(n) for n in trace.shape(name)), asked)
            for name in trace
            for asked in ASKED
        ]
        text = json.dumps({"source": the_source(trace), "questions": questions})
        answers = json.loads(page.evaluate(OPEN_ALL, text))
        pairs += [
            (trace, asked, explain(trace, name, index, **asked), answer)
            for (name, index, asked), answer in zip(questions, answers, strict=True)
        ]
    return pairs


def test_every_text_is_the_same(opened):
    for _, _, here, there in opened:
        assert (there["name"], tuple(there["index"])) == (here.name, here.index)
        assert text_of(there["symbols"]) == here.symbols
        assert text_of(there["numbers"]) == here.numbers
        assert there["latex"] == here.latex


def test_every_term_is_the_same(opened):
    for _, _, here, there in opened:
        found = [
            [(f["text"], f["value"], all_of(f["elements"])) for f in term]
            for term in there["terms"]
        ]
        expected = [[(f.text, f.value, f.elements) for f in term.factors] for term in here.terms]
        assert found == expected, here.symbols


def test_the_expanded_formula_has_the_same_numbers_and_the_same_value(opened):
    for trace, _, here, there in opened:
        q = trace.quantities[here.name]
        form = index_form(q, trace.quantities)
        if form is None:
            assert there["tree"] is None
            assert there["operands"] == []
            assert there["value"] == here.value
            continue
        at = dict(zip(own_letters(q), here.index, strict=True))
        full = Filler(trace.sizes, reader(trace), expand=True).fill(form, at)
        assert all_of(there["operands"]) == tuple(dict.fromkeys(elements(full)))
        value = evaluate(full, reader(trace))
        assert math.isclose(there["value"], value, rel_tol=1e-12, abs_tol=1e-12), here.symbols
        assert ("parts" in there["tree"]) == (not isinstance(full, Element | Constant))


def test_every_piece_says_which_number_it_stands_for(opened):
    """A looked-up number stands around the number of its row: E[ids[0,1],2]."""
    for trace, asked, here, there in opened:
        itself = Element(here.name, here.index)
        operands = {itself, *(Element(*x) for x in all_of(there["operands"]))}
        for side in ("symbols", "numbers"):
            assert places_of(there[side])[0] == (itself, element_text(itself))
            assert {element for element, _ in places_of(there[side])} <= operands
        for element, text in places_of(there["symbols"]):
            ends = (f"{element.name}[", f",{element.index[-1]}]") if element.index else ()
            assert text == element_text(element) or (here.name == "e" and text in ends)
        digits = asked.get("digits", 4)
        style = Style(reader(trace), trace.quantities, numbers=True, digits=digits)
        numbers = places_of(there["numbers"])[1:]
        assert [text for _, text in numbers] == [style.element(element) for element, _ in numbers]
        if asked.get("shown", 8) is None and not here.symbols.endswith("is given"):
            looked_up = {Element("ids", here.index[:2])} if here.name == "e" else set()
            assert {element for element, _ in numbers} == operands - looked_up


def test_a_number_that_is_not_there_is_named(page, start_run):
    source = the_source(start_run.trace)
    del source["values"]["h_prev"]
    ask = """(text) => {
      try {
        return explanation(makeSource(JSON.parse(text)), "a_hz", [0, 2, 1]).latex;
      } catch (error) {
        return [error instanceof Missing, error.message, error.quantity, error.index];
      }
    }"""
    found = page.evaluate(ask, json.dumps(source))
    assert found == [True, "no number for h_prev[0,2,0]", "h_prev", [0, 2, 0]]
