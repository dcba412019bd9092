"""Where a user can begin: the sources as settings, exactly, and texts to play with."""

from dataclasses import replace
from importlib.resources import files

from explainer.errors import NamedDict
from explainer.settings import Settings
from explainer.tokenizer import END_OF_TEXT

# the two sentences of the explainer notebook, which took them from Wikipedia
LINEAR_ALGEBRA = (
    "Linear algebra is central to almost all areas of mathematics. For instance, linear algebra is "
    "fundamental in modern presentations of geometry, including for defining basic objects such as "
    "lines, planes and rotations. Also, functional analysis, a branch of mathematical analysis, "
    "may be viewed as the application of linear algebra to function spaces."
    f"{END_OF_TEXT}"
    "In numerical analysis and linear algebra, lower–upper (LU) decomposition or factorization "
    "factors a matrix as the product of a lower triangular matrix and an upper triangular matrix "
    "(see matrix multiplication and matrix decomposition)."
)

_linear_algebra = Settings(
    text=LINEAR_ALGEBRA,
    tokenizer="bpe",
    merges=5,
    normalization="lower",
    end_of_text=True,
    batch_size=2,
    context_length=8,
    embedding_size=4,
    hidden_size=2,
    dropout=0.1,
    redraw_masks=True,
    variant="reset_after",
    initial="constant",
    head_bias=False,
    learning_rate=5.0,
)

_math = Settings(
    text="MathMathMathMathMath",
    tokenizer="characters",
    alphabet="hatM",
    end_of_text=False,
    batch_size=2,
    context_length=3,
    carry_state=True,
    input="one_hot",
    hidden_size=2,
    dropout=0.0,
    variant="reset_before",
    initial="normal",
    seed=1,
    head_bias=True,
    learning_rate=0.01,
)

_PRESETS = {
    "start": replace(_linear_algebra, hidden_size=4, initial="uniform", redraw_masks=False),
    "math": _math,
    "linear_algebra": _linear_algebra,
    "story": Settings(
        text=files("explainer").joinpath("data/story.txt").read_text(encoding="utf-8"),
        tokenizer="characters",
        normalization="letters",
        end_of_text=False,
        unknown_token=True,
        batch_size=8,
        context_length=35,
        carry_state=True,
        input="one_hot",
        hidden_size=16,
        dropout=0.0,
        variant="reset_after",
        initial="uniform",
        head_bias=True,
        learning_rate=1.0,
        clip_norm=1.0,
    ),
    "your_text": Settings(
        text="Write a text of your own here, and see every number change.",
        tokenizer="bpe",
        merges=5,
        learning_rate=1.0,
    ),
}
PRESETS = NamedDict(_PRESETS)
"""Settings by name. `start` is what an empty link shows; `math` and `linear_algebra` are the
matrices tutorial and the explainer notebook, number for number; `story` has the lecture's
hyper-parameters in a size that can be looked at; `your_text` waits for a text of the user's."""

EXAMPLES = {
    "start": "A first look",
    "math": "The tutorial with matrices",
    "linear_algebra": "The notebook RNN GRU Explainer",
    "story": "A longer text",
    "your_text": "Your own text",
}
"""What the presets are called where a user chooses one."""
