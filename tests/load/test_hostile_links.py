"""Links as nobody would write them: the page is there, with what the link says or a sentence."""

import random

import pytest
from app_pages import newcomer, page_of, sentences

from explainer.errors import LONGEST
from explainer.presets import PRESETS
from explainer.stage.chapters import CHAPTERS, HOME
from explainer.url import SETTINGS, VIEW, read_query

pytestmark = pytest.mark.page
SLUGS = [chapter.slug for chapter in (HOME, *CHAPTERS)]
WORDS = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))"),
    *(
        "$\\href{javascript:alert(1)}{x}$",
        "![](http://127.0.0.1:9/x.png)",
        ":material/home: :red[x]",
    ),
    *(
        "`code` **b** _i_",
        "| a | b |\n|---|---|",
        "</span><svg onload=alert(1)>",
        "# h1\n\n- a\n\n```\nx",
    ),
    *(
        "%{customdata}<extra>x</extra>",
        "{{7*7}}",
        "\u202edlrow",
        "\0\x01\x1b",
        "\ufeff\u200b",
        "=1+1",
    ),
    *(
        "@SUM(1)",
        "../../../etc/passwd",
        "\r\nSet-Cookie: a=b",
        "%00",
        "👨‍👩‍👧‍👦" * 5,
        "a" * 2_000,
        "é" * 2_001,
    ),
    *("<|endoftext|>" * 20, "<|unknown|>", " ", "\n" * 50, "x", "中文字符" * 20, "אבגד " * 20),
)
NUMBERS = (
    *(
        "0",
        "1",
        "-1",
        "2",
        "3",
        "7",
        "64",
        "255",
        "256",
        "257",
        "1e3",
        "1e999",
        "nan",
        "inf",
        "-inf",
    ),
    *(
        "0x10",
        "1_0",
        "٣",
        " 3 ",
        "3\n",
        "+3",
        "03",
        "--3",
        "3.0",
        "0.5",
        "0.95",
        "0.951",
        "1e-7",
        "5e-324",
    ),
    *(
        "4096",
        "4097",
        "4294967295",
        "4294967296",
        "9" * 400,
        "9" * 5_000,
        "",
        "None",
        "true",
        "[]",
        "½",
    ),
)
SWITCHES = ("true", "false", "True", "1", "", "null")
OTHERS = {
    "preset": (*PRESETS, "x", "", "START", *WORDS[:4]),
    "fingerprint": ("0123456789abcdef", "", "x", *WORDS[:4]),
    "edit": ("z:1", "W_hz.0.1:0.5", "z.*.*.2:1", "z:nan", "x", ";;", "z.9.9.9:1", *WORDS[:6]),
    "embed": ("true",),
    "embed_options": ("dark_theme", "x"),
    "__proto__": ("x",),
    "session": ("x",),
    "a b": ("x",),
    "": ("x",),
}
PLACES = (
    "z:0,2,1",
    "z:0,0,999",
    "z:",
    ":",
    "loss:",
    "__proto__:0",
    "z:-1,0,0",
    "W_hz:0,0",
    "h",
    "E",
)


def draw(rng, name):
    """Return a value for a name of the address, often a possible one."""
    if name in OTHERS:
        return rng.choice(OTHERS[name])
    meta = (SETTINGS.get(name) or VIEW[name]).metadata
    if rng.random() < 0.15:
        return rng.choice((*WORDS, *NUMBERS))
    if meta["kind"] is bool:
        return rng.choice(SWITCHES)
    if "options" in meta:
        return rng.choice((*meta["options"], *meta["options"], "x", "", rng.choice(WORDS)))
    if "low" in meta:
        some = rng.uniform(meta["low"], min(meta["high"], meta["low"] + 40))
        possible = str(int(some) if meta["kind"] is int else round(some, 3))
        return rng.choice((rng.choice(NUMBERS), possible, possible))
    return rng.choice((*WORDS, *PLACES))


def draw_query(rng):
    names = rng.sample((*SETTINGS, *VIEW, *OTHERS), rng.choice((1, 2, 3, 6, 12)))
    query = {name: draw(rng, name) for name in names}
    if rng.random() < 0.4:
        query["text"] = rng.choice(WORDS) + " the quick brown fox jumps over the lazy dog again"
    # a training of minutes says nothing about links
    if query.get("updates", "").isascii() and query.get("updates", "").isdigit():
        query["updates"] = query["updates"][:2]
    return query


def test_a_page_is_there_whatever_the_link(amount, figure):
    count = amount(len(SLUGS), 650)
    told = 0
    for i in range(count):
        rng = random.Random(i)
        slug, query = SLUGS[i % len(SLUGS)], draw_query(rng)
        at = newcomer(**query).switch_page(page_of(slug)).run(timeout=120)
        case = i, slug, query
        assert not at.exception, (case, at.exception[0].value)
        assert at.title, case
        said = sentences(at)
        assert all(s.endswith(".") and len(s) <= 10 * LONGEST for s in said), (case, said)
        told += bool(said)
        wanted, problems = read_query(query)
        assert said or not problems, case
        shown, _ = at.session_state["session"].shown
        assert said or shown == wanted, case
    figure(f"{count} pages by hostile links", f"{told} say what is wrong, 0 fail")
