"""Settings and edits as nobody would write them: the right numbers, or a sentence."""

import math
import random
from dataclasses import fields, replace

import numpy as np
import torch
from test_edits import assert_autograd_agrees, draw_edits

from explainer import ExplainerError, Settings, explain, from_link, run, to_link
from explainer.errors import LONGEST

FIELDS = {f.name: f.metadata for f in fields(Settings)}
SENTENCE = " the quick brown fox jumps over the lazy dog and runs away again"
TEXTS = (
    *("", "a", "Ünïcödé", "русский текст", "עברית שלום", "हिन्दी नमस्ते", "中文字符测试", "𝔘𝔫𝔦 ᚠᛇᚻ"),
    *(
        "İıſẞß ﬁﬂ",
        "\u0301\u0301a\u0301",
        "👨‍👩‍👧‍👦👩🏽‍🚀🏳️‍🌈",
        "\u202eRTL\u202c",
        "\u200b\u200d\ufeff",
        "a\0b\0",
        "\x1b[31m\x7f",
    ),
    *("a\r\nb\rc\u2028d\x85e\x0bf\x0cg", "\U0010ffff\ufffe\uffff", "<|endoftext|><|unknown|>"),
    *(
        "<|endof<|endoftext|>text|>",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}%s%n",
        "aaaaaaaaaaaa",
    ),
    *(
        "ab" * 20,
        " ",
        "\n",
        "\t\t",
        "ⅷ½²",
        "\ue000",
        "x" * 1_000,
        "x" * 200_001,
        "\ud800",
        "a\udfffb",
    ),
)


class Unwritable:
    def __repr__(self):
        raise RuntimeError("can't be written")


class Text(str):
    def __len__(self):
        return 3


NUMBERS = (
    *(
        0,
        1,
        -1,
        2,
        3,
        7,
        255,
        256,
        257,
        4_096,
        2**32 - 1,
        2**32,
        2**63,
        10**40,
        10**400,
        -(10**400),
    ),
    *(
        0.0,
        -0.0,
        0.5,
        0.95,
        0.9500001,
        1.0,
        1e-6,
        1e-7,
        5e-324,
        1e300,
        math.nan,
        math.inf,
        -math.inf,
    ),
    *(
        np.int8(3),
        np.uint64(2**64 - 1),
        np.float16(2),
        np.float32(0.1),
        np.longdouble(1),
        np.bool_(True),
    ),
    *(np.array(3), np.array([3]), np.datetime64(3, "ns"), np.timedelta64(3, "ns"), np.complex64(1)),
    *(True, False, None, 1j, "3", "nan", "٣", b"3", torch.tensor(3), torch.zeros(2, device="meta")),
)
THINGS = (
    *([], {}, (), {1}, [3], (10**5000,), object(), int, len, iter([1]), range(3), ...),
    *(
        Unwritable(),
        [Unwritable()],
        Text("abc" * 400),
        np.str_("abc def"),
        Exception("x"),
        memoryview(b"3"),
    ),
)
HOSTILE = (*NUMBERS, *TEXTS, *THINGS)


def draw_settings(rng):
    """Return the fields of small settings, some of them with a hostile value."""
    values = {}
    for name, meta in FIELDS.items():
        if meta["kind"] is bool:
            values[name] = rng.random() < 0.5
        elif "options" in meta:
            values[name] = rng.choice([*meta["options"]])
        elif meta["kind"] is int:
            values[name] = rng.randint(meta["low"], min(meta["high"], meta["low"] + 4))
        elif meta["kind"] is float:
            values[name] = rng.uniform(meta["low"], min(meta["high"], meta["low"] + 2))
    some = "".join(
        t for t in rng.sample(TEXTS, rng.randint(0, 4)) if len(t) < 100 and t.isprintable()
    )
    values |= {
        "text": some + SENTENCE,
        "alphabet": rng.choice(["", "zyx", "abc"]),
        "batch_index": rng.choice([0, 0, 0, 1, 2]),
        "updates": rng.choice([0, 0, 0, 0, 0, 1, 2]),
        "seed": rng.randrange(2**32),
        "clip_norm": rng.choice([None, 0.01, 1.0]),
    }
    if rng.random() < 0.45:
        values |= {name: rng.choice(HOSTILE) for name in rng.sample([*FIELDS], rng.randint(1, 3))}
    return values


def draw_hostile_edits(rng, base):
    """Return edits of which something may be wrong: name, place or number."""
    names = [*base.trace, *base.update, "Z", "d_", "__class__", "h\0", 3, None]
    edits = {}
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(names)
        place = tuple(
            rng.choice([0, 1, None, -1, 10**9, 0.0, True, "0"]) for _ in range(rng.randint(0, 4))
        )
        number = rng.choice([0.5, 1.0, *HOSTILE])
        edits[name] = rng.choice([number, {place: number}, {place: 0.5}])
    return edits


def is_small(settings):
    """Whether the run takes milliseconds."""
    tokens = settings.batch_size * settings.context_length
    sizes = settings.hidden_size, settings.embedding_size, len(settings.text) // 100
    few = settings.updates <= 20 and (settings.batch_index <= 20 or not settings.carry_state)
    return few and tokens * max(sizes) <= 4_000


def is_right(rng, values):
    """Assert that every number is right; return False where the settings are too large to try.

    Raises:
        ExplainerError: the settings or the edits can't be.
    """
    settings = Settings(**values)
    for name, meta in FIELDS.items():
        value = getattr(settings, name)
        assert type(value) is meta["kind"] or (value is None and meta.get("optional")), name
    assert from_link(to_link(settings), settings.text) == settings
    if not is_small(settings):
        return False
    run(settings)
    # what is compared is computed in 64 bits
    base = run(replace(settings, precision="float64"))
    assert_autograd_agrees(base, {})
    name = rng.choice([*base.trace])
    index = tuple(map(rng.randrange, base.trace.shape(name)))
    assert explain(base.trace, name, index).value == base.trace[name][index]
    hostile = rng.random() < 0.35
    assert_autograd_agrees(
        base, draw_hostile_edits(rng, base) if hostile else draw_edits(base, rng)
    )
    return True


def test_hostile_settings_and_edits_give_right_numbers_or_a_sentence(amount, figure):
    right = refused = large = 0
    for case in range(amount(150, 10_000)):
        rng = random.Random(case)
        values = draw_settings(rng)
        try:
            tried = is_right(rng, values)
            right, large = right + tried, large + (not tried)
        except ExplainerError as error:
            said = str(error)
            assert said.endswith("."), (case, said)
            assert len(said) <= 10 * LONGEST, (case, said)
            refused += 1
        except Exception as error:
            raise AssertionError(f"case {case}") from error
    assert right >= 20
    assert refused >= 20
    total = right + refused + large
    figure(
        f"{total:,} hostile settings and edits",
        f"{right:,} right, {refused:,} a sentence, {large:,} too large to try, 0 else",
    )
