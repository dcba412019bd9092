"""Worksheets: the answers are the run's numbers, and what is asked for is nowhere given away."""

import csv
import io
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from explainer import PRESETS, explain, run, worksheet
from explainer.explanation.number_formula import format_number

MATH = PRESETS["math"]
CHAIN = ("a_ir", "a_hr", "r", "h", "loss", "d_h", "d_W_hz", "new_W_hz")


class Text(HTMLParser):
    """The words and the tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(page)

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, _):
        self.tags.append(tag)


def test_every_answer_is_the_runs_number():
    sheets = worksheet(MATH, CHAIN, [0, 2], seeds=[3, 4])
    table = list(csv.DictReader(io.StringIO(sheets.answers())))
    assert {row["seed"] for row in table} == {"3", "4"}
    for row in table:
        result = run(replace(MATH, seed=int(row["seed"])))
        trace = result.trace if row["quantity"] in result.trace else result.update
        index = tuple(map(int, row["index"].split()))
        assert float(row["answer"]) == trace[row["quantity"]][index]
    asked = [(row["quantity"], row["index"]) for row in table if row["seed"] == "3"]
    assert ("a_ir", "0 2 1") in asked
    assert ("loss", "") in asked
    assert len(set(asked)) == len(asked)


def test_other_seeds_have_other_numbers_and_equal_seeds_the_same():
    sheets = worksheet(MATH, seeds=[1, 2])
    assert sheets.exercises[1][0].answer != sheets.exercises[2][0].answer
    assert sheets.html(1) == worksheet(MATH, seeds=[1]).html(1)
    assert sheets.html().count("<section>") == 2


def test_what_is_given_is_what_the_formula_needs_and_no_answer():
    exercises = worksheet(MATH, CHAIN, [0, 1, 2]).exercises[MATH.seed]
    place = {f"{e.name}[{','.join(map(str, e.index))}]": i for i, e in enumerate(exercises, 1)}
    trace = run(MATH).trace
    for i, e in enumerate(exercises, 1):
        if e.name in trace:
            opened = explain(trace, e.name, e.index)
            assert e.formula == opened.symbols
            assert e.solution.startswith(opened.symbols.split(" = ")[0])
        for name, given in e.given.items():
            # h_prev is h one time step before
            known = re.fullmatch(r"h_prev\[0,(\d),(\d)\]", name)
            if known and known[1] != "0":
                name = f"h[0,{int(known[1]) - 1},{known[2]}]"
            if place.get(name, i) < i:
                assert given == place[name], name
            else:
                assert isinstance(given, str), name
    r = next(e for e in exercises if e.name == "r")
    assert list(r.given.values()) == [place["a_ir[0,0,0]"], place["a_hr[0,0,0]"]]


def test_the_worksheet_has_blanks_and_the_key_the_answers():
    sheets = worksheet(MATH, ["z", "h"], [1])
    paper, key = Text(sheets.html(1)), Text(sheets.key())
    assert paper.tags.count("b") == 4
    assert "b" not in key.tags
    for e in sheets.exercises[1]:
        assert e.solution in key.words
        assert e.solution not in paper.words
        answer = format_number(e.answer, 4)
        assert not any(answer in words for words in paper.words)


def test_a_page_loads_nothing_and_runs_nothing():
    page = Text(worksheet(replace(MATH, text="<b>&'\"" * 9, alphabet=""), ["p"], [0]).html(1))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"equations": ["bogus"]}, "equations must be some of .*got 'bogus'"),
        ({"equations": ["W_ir"]}, "equations must be names of computed quantities; got W_ir"),
        ({"equations": []}, "equations must be one or more; got none"),
        ({"time_steps": [3]}, "time_steps must be an integer from 0 to 2; got 3"),
        ({"seeds": [-1]}, "seeds must be an integer from 0 to"),
        ({"seeds": []}, "seeds must be 1 to 500 integers; got 0 of them"),
    ],
)
def test_what_is_not_possible_is_refused(arguments, message):
    with pytest.raises((ValueError, KeyError), match=message):
        worksheet(MATH, **arguments)


def test_what_is_too_large_for_paper_is_refused():
    wide = replace(PRESETS["start"], context_length=16)
    with pytest.raises(ValueError, match=r"d_W_o is made from 64 numbers; an exercise takes at"):
        worksheet(wide, ["d_W_o"], [0])
    long = replace(MATH, text="Math" * 20, context_length=30)
    with pytest.raises(ValueError, match=r"make \d+ blanks; a worksheet has at most 200"):
        worksheet(long, ["r", "z", "n", "h"], range(30))


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "explainer", "worksheet", *words], capture_output=True, text=True
    )


def test_the_command_writes_files(tmp_path):
    link = "?preset=math&edit=W_hz.0.1:0.5"
    done = command(link, "--equations", "z", "--seeds", "1", "2", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        *("worksheet-seed-1.html", "worksheet-seed-2.html", "key.html", "answers.csv"),
    }
    edited = worksheet(MATH, ["z"], seeds=[1, 2], edits={"W_hz": {(0, 1): 0.5}})
    assert (tmp_path / "answers.csv").read_bytes().decode() == edited.answers()
    wrong = command(link, "--time-steps", "7", "-o", str(tmp_path))
    assert wrong.returncode == 1
    assert wrong.stderr == "time_steps must be an integer from 0 to 2; got 7.\n"
