"""The chapters: which question each answers, and what it shows, in reading order."""

from dataclasses import dataclass

from explainer.errors import UnknownNameError, shorten
from explainer.stage.scene import LaneSpec, lane


@dataclass(frozen=True)
class Chapter:
    """One page.

    Attributes:
        slug: name of its file and of its address.
        title: what the menu says.
        question: what a user wants to know here; the first line of the page.
        shows: the quantities of the page, in reading order.
        task: one thing to try.
        scene: the lanes of its stage; "{parameter}" stands for the one that the user chooses.
        over_time: quantities that stand beside the lanes for all time steps at once.
        wired: whether wires connect the lanes.
        checks: what is checked in the user's run, by the names in `checks.CHECKS`.
        timed: whether the page is about one time step at a time.
        backwards: whether time runs from the last step to the first there, as gradients do.
        learning: whether it is about the loss, so that targets stand beside the tokens.
        ranking: whether it ranks the tokens that may come next.
        of_text: whether its task is about the tokens of a text.
    """

    slug: str
    title: str
    question: str
    shows: tuple[str, ...] = ()
    task: str = ""
    scene: tuple[LaneSpec, ...] = ()
    over_time: tuple[str, ...] = ()
    wired: bool = False
    checks: tuple[str, ...] = ()
    timed: bool = False
    backwards: bool = False
    learning: bool = False
    ranking: bool = False
    of_text: bool = False


HOME = Chapter(
    "home",
    "Home",
    "What happens inside a gated recurrent unit, number by number?",
    timed=True,
    learning=True,
)

TOUR = Chapter(
    "tour",
    "Guided tour",
    "Three tokens, two units: what does each number do? Find out with your own hands.",
    timed=True,
)

CHAPTERS = (
    Chapter(
        "tokens",
        "Tokens",
        "How does a text become numbers?",
        task="Move **Merge** from the first to the last: the text gets shorter, the vocabulary "
        "grows. Then raise **Merges** under *More settings*; if every character is a token, choose "
        "*byte-pair merges* there first.",
        checks=("tokens",),
        of_text=True,
    ),
    Chapter(
        "batches",
        "Batches",
        "What goes in, and what should come out?",
        ("ids", "values", "targets"),
        "Compare a row of inputs with its row of targets: the same tokens, shifted by one. Then "
        "choose another **Batch** under *More settings*.",
        checks=("batches",),
        of_text=True,
    ),
    Chapter(
        "embedding",
        "Embedding",
        "How does a token become a vector?",
        ("ids", "one_hot", "E", "e"),
        "Find a token that occurs twice and go to both time steps: the same token, the same row.",
        scene=(
            lane("From id to vector", "e", hue="x"),
            lane("The numbers that go in", first=("values",), hue="x"),
        ),
        over_time=("e", "values"),
        timed=True,
        checks=("embedding",),
        of_text=True,
    ),
    Chapter(
        "dropout",
        "Dropout",
        "What does dropout do to the numbers?",
        ("e", "values", "mask_x", "dropout", "x", "mask_h", "h_out"),
        "Set **Dropout** to 0.5 in training mode: about half of the numbers become 0, the others "
        "double. Then lock the mask and step through time: the zeros stay where they are.",
        scene=(
            lane("On the input", "x", first=("e", "values")),
            lane("On the hidden states", "h_out", first=("h",)),
        ),
        over_time=("mask_x", "x", "mask_h", "h_out"),
        timed=True,
        checks=("dropout",),
    ),
    Chapter(
        "cell",
        "The cell",
        "How does the cell mix what is new with what it remembers?",
        (
            *("a_ir", "a_hr", "a_r", "r"),
            *("a_iz", "a_hz", "a_z", "z"),
            *("a_in", "h_reset", "a_hn", "a_n", "n", "h"),
        ),
        "Find the unit that changed least from h_prev to h. Does it have the largest z? (With a "
        "small z, too, little changes where n is close to h_prev.) Then move the reset gate to its "
        "other place under *More settings* and see which numbers change.",
        scene=(
            lane("What comes in", first=("x", "h_prev"), hue="x"),
            lane("Reset gate r", "a_ir", "a_hr", "a_r", "r"),
            lane("Update gate z", "a_iz", "a_hz", "a_z", "z"),
            lane("Candidate n", "a_in", "h_reset", "a_hn", "a_n", "n"),
            lane("New state h", "h"),
        ),
        wired=True,
        timed=True,
        checks=("cell", "convention"),
    ),
    Chapter(
        "time",
        "Through time",
        "What does the cell keep, and for how long?",
        ("r", "z", "n", "h"),
        "Pick one unit and follow it from left to right: where z is near 1, h hardly changes.",
        scene=(lane("Old state, candidate, new state", "h"),),
        over_time=("r", "z", "n", "h"),
        timed=True,
        checks=("cell",),
    ),
    Chapter(
        "prediction",
        "Prediction",
        "What does the network expect next?",
        ("h", "h_out", "logits", "p"),
        "Step through time and compare the most likely token with the target. Before training, "
        "the target's probability is close to 1 in V.",
        scene=(
            lane("What the head reads", "h_out", first=("h",)),
            lane("Logits and probabilities", "logits", "p"),
        ),
        timed=True,
        learning=True,
        ranking=True,
        checks=("prediction",),
        of_text=True,
    ),
    Chapter(
        "loss",
        "Loss",
        "How wrong is the prediction, as one number?",
        ("p", "log_p", "y", "ce_1", "ce_2", "error", "se_1", "se_2", "ce_3", "se_3", "loss"),
        "Find the target with the smallest probability: it has the lowest entry in the second "
        "term.",
        scene=(
            lane("First term: the one-hot target times ln p", "log_p", "ce_1", first=("p",)),
            lane("Second term: the sum over all V outputs, for each sequence", "ce_2"),
            lane("First term: each output's squared error", "error", "se_1", first=("logits",)),
            lane("Second term: the mean over the outputs, for each sequence", "se_2"),
            lane("Which answers count", first=("counted",)),
            lane("Third term: the sequences together, for each time step", "se_3"),
            lane("Third term: the sequences together, for each time step", "ce_3"),
            lane("Loss: the time steps together", "loss"),
        ),
        over_time=("ce_2", "error"),
        timed=True,
        learning=True,
        checks=("loss",),
        of_text=True,
    ),
    Chapter(
        "gradients",
        "Gradients",
        "How does the loss depend on every number?",
        (
            *("d_logits", "d_h_out", "d_h_next", "d_h"),
            *("d_n", "d_z", "d_a_n", "d_a_z", "d_r", "d_a_r"),
            *("d_h_prev", "d_x", "d_e"),
        ),
        "Start at the last time step and go back: `d_h_next` is zero there; then gradients from "
        "later time steps arrive in it.",
        scene=(
            lane("From the loss to the logits", "d_error", "d_logits"),
            lane("To the state", "d_h_out", "d_h", keeps=2),
            lane("To the candidate", "d_n", "d_a_n"),
            lane("To the update gate", "d_z", "d_a_z"),
            lane("To the reset gate", "d_h_reset", "d_r", "d_a_r"),
            lane("Back to the old state", "d_h_prev", keeps=0),
            lane(
                "The gradient of {parameter}: this time step's contribution, and the sum over time",
                *("d_{parameter}_t", "d_{parameter}"),
                keeps=0,
            ),
            lane("Back to the input", "d_x", "d_e", hue="d_x", keeps=0),
        ),
        over_time=("d_h",),
        timed=True,
        backwards=True,
        learning=True,
        checks=("gradients", "contributions"),
    ),
    Chapter(
        "update",
        "Update",
        "What does one update change, and does it help?",
        ("norm", "predicted_change"),
        "Raise the **learning rate** until the loss goes up instead of down: the slope predicts "
        "the loss only close by.",
        scene=(lane("Before and after", "lr_d_{parameter}", "new_{parameter}", keeps=3),),
        checks=("update", "second_pass"),
    ),
    Chapter(
        "training",
        "Training",
        "What do many updates do to the loss, and to what the network says?",
        task="Train for 200 updates, press *show it everywhere* and open *The cell*. Come back, "
        "choose the network after 0 updates, and do the same: which gates have moved apart?",
        checks=("update",),
    ),
    Chapter(
        "gates",
        "What gates are for",
        "Why are there gates at all?",
        task="Train on *store* at length 10, then at 40 with two or three seeds: how often does "
        "each network still know the first symbol at the end?",
        checks=("same_equations",),
    ),
    Chapter(
        "own",
        "Your network",
        "What happens inside a GRU of your own?",
        task="Choose the broken twin: what is said of it? Then double-click a number of `b_iz`, "
        "type 0, and step through time: that unit's state moves again.",
    ),
)


def chapter_at(path: str) -> Chapter:
    """Return the chapter with this path in an address; the first page for any other."""
    return next((c for c in (TOUR, *CHAPTERS) if c.slug == path), HOME)


def chapter(slug: str) -> Chapter:
    """Return the chapter with this slug.

    Raises:
        KeyError: there is none.
    """
    found = {c.slug: c for c in (HOME, TOUR, *CHAPTERS)}
    if slug not in found:
        raise UnknownNameError("chapter", f"one of {', '.join(found)}", shorten(slug))
    return found[slug]


def staged_beside(here: Chapter) -> tuple[str, str]:
    """Return the slugs of the chapters before and after this one that have a stage; "" for none."""
    if here.slug == TOUR.slug:  # it goes from station to station
        return "", ""
    staged = [c.slug for c in (HOME, *CHAPTERS) if c.scene or c is here]
    i = staged.index(here.slug)
    return ("", *staged)[i], (*staged, "")[i + 1]
