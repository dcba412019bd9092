"""The tour's first stations: from the text to the state that is handed on."""

from __future__ import annotations

from dataclasses import replace

from explainer.stage.scene import lane
from explainer.stage.tour.station import EXAMPLE, Condition, Station

OF_THE_CELL = ("z", "h", "n", "h_prev", "a_z", "a_iz", "a_hz")
"""Numbers that stand in the column of one unit."""
UPDATE_GATE = lane("Update gate z", "a_iz", "a_hz", "a_z", "z", first=("x", "h_prev"))
CANDIDATE = lane("Candidate n", "a_in", "h_reset", "a_hn", "a_n", "n", first=("x", "h_prev"))
STATE = lane("New state h", "h")
DROPPED = replace(EXAMPLE, text="banana" * 130, batch_size=256, dropout=0.5)
RESETTING = replace(
    EXAMPLE,
    text="a aaa " * 40,
    windows="sequential",
    batch_size=2,
    context_length=8,
    learning_rate=0.5,
    updates=400,
    seed=0,
)
"""A network that counts the letters of a word, and begins anew with the next: with r held at 1 its
loss is 2.6 times as large in both variants."""

FORWARD = (
    Station(
        title="Tokens",
        context="The network reads “banana”, one letter at each time step: first b, then a, then "
        "n. "
        "To it, each letter is a whole number, its id: a is 0, b is 1, n is 2.",
        question="Let it read “nan” instead: put n at the first time step (choose it under *token* "
        "below the picture, or change the number in `ids`).",
        kind="change",
        among=("ids",),
        values={"first": "ids[0,0]", "second": "ids[0,1]", "third": "ids[0,2]"},
        goal=(
            Condition("first", ">=", 2, "The first id is {first} now; n has the id 2."),
            Condition("second", "<=", 0, "The second letter should stay a, whose id is 0."),
            Condition("third", ">=", 2, "The third letter should stay n, whose id is 2."),
        ),
        hint="Stay at the first time step. A double click on the id opens a field; type 2.",
        right="The ids are {first}, {second}, {third} now: “nan”. Everything that follows was "
        "computed again.",
        lanes=(lane("From id to vector", "e", first=("ids",), hue="x"),),
        chapter="tokens",
    ),
    Station(
        title="Targets",
        context="At each time step the network should say which letter comes next in “banana”. "
        "That "
        "letter is the target.",
        question="Which id is the target at the third time step, after b, a, n?",
        kind="type",
        values={"target": "targets[0,2]", "off": "answer - target", "gap": "abs off"},
        goal=(
            Condition(
                "gap", "<=", 0.001, "Not {answer}. Read on in b-a-n-…: which letter follows?"
            ),
        ),
        hint="Ids: a is 0, b is 1, n is 2. The arrows in the row of tokens show each target.",
        right="The target is a, with the id {target}. Targets are the same text, shifted by one.",
        lanes=(lane("Ids in, ids out", first=("ids", "targets"), hue="x"),),
        t=2,
        chapter="batches",
        learning=True,
    ),
    Station(
        title="Embedding",
        context="Each letter has a row of its own in the matrix E. Its one-hot vector picks that "
        "row, and the row is the vector e that the network works with.",
        question="Which row of E does the letter n pick? Point at a number in it.",
        kind="point",
        among=("E",),
        values={"id": "ids[0,2]", "off": "V - id", "gap": "abs off", "here": "E[V,D]"},
        goal=(Condition("gap", "<=", 0, "That is row {V}; the id of n is {id}."),),
        hint="The one-hot vector is 1 in one place only. The rows of E count from 0.",
        right="Row {id}: your {here} is one of the two numbers of n, and it stands in e, too.",
        lanes=(lane("From id to vector", "e", hue="x"),),
        t=2,
        chapter="embedding",
    ),
    Station(
        title="Dropout: zeros",
        context="While it is trained, dropout sets some numbers to 0, at random, so that the "
        "network does not rely on any single one. Here it drops each with probability q = 0.5.",
        question="Point at a number of x that was dropped in this sequence. (Go through time, if "
        "there is none at this time step.)",
        kind="point",
        among=("x", "mask_x"),
        values={"x": "x[0,T,D]", "size": "abs x", "e": "e[0,T,D]"},
        goal=(Condition("size", "<=", 0, "That one was kept: e was {e}, and x is {x}."),),
        hint="Where the mask has 0, x is 0.",
        right="e was {e}, and x is 0: this number tells the network nothing this time.",
        lanes=(lane("On the input", "x", first=("e",)),),
        settings=DROPPED,
        chapter="dropout",
    ),
    Station(
        title="Dropout: the mean",
        context="Without dropout, when the network is used, twice as many numbers arrive. So that "
        "the mean stays the same, what is kept is divided by something.",
        question="Half of the numbers are dropped. By what must the others be divided, so that the "
        "mean stays as it was?",
        kind="type",
        values={
            "q": "dropout[]",
            "keep": "1 - q",
            "off": "answer - keep",
            "gap": "abs off",
            "before_it": "mean e[:,:,0]",
            "after_it": "mean x[:,:,0]",
            "undivided": "after_it * keep",
        },
        goal=(
            Condition(
                "gap",
                "<=",
                0.005,
                "Divided by {answer}, the mean would not be {before_it} again: undivided it is "
                "{undivided}, since a share of {q} is dropped.",
            ),
        ),
        hint="A number is kept with probability 1 − q. Try it with ten numbers that are all 1.",
        right="By 1 − q = {keep}. Over the 768 first features of this batch the mean of e is "
        "{before_it}, that of x is {after_it}; undivided it would be {undivided}.",
        lanes=(lane("On the input", "x", first=("e",)),),
        settings=DROPPED,
        chapter="dropout",
    ),
    Station(
        title="The update gate",
        context="The update gate z has one number for each unit, from 0 to 1: how much of its old "
        "state the unit keeps.",
        question="Which of the two units keeps more at this time step? Point at any number in its "
        "column.",
        kind="point",
        among=OF_THE_CELL,
        values={"kept": "z[0,2,H]", "most": "max z[0,2,:]"},
        goal=(Condition("kept", ">=", "most", "Unit {H} keeps z = {kept}; the other keeps more."),),
        hint="Compare the two numbers in the last row of the update gate, z.",
        right="Unit {H} keeps the share z = {kept} of its old state and takes the rest from the "
        "candidate n.",
        lanes=(UPDATE_GATE, STATE),
        t=2,
    ),
    Station(
        title="Keeping",
        context="The new state is h = (1 − z) ⊙ n + z ⊙ h_prev, a mixture of the candidate and "
        "the old state.",
        question="What must z be so that h stays what it was in unit 0? Hold z there: double-click "
        "it, or press F2 on it, and type a number.",
        kind="change",
        among=("z",),
        values={
            "z": "z[0,2,0]",
            "h": "h[0,2,0]",
            "old": "h_prev[0,2,0]",
            "off": "h - old",
            "gap": "abs off",
        },
        goal=(Condition("gap", "<=", 0.001, "With z = {z}, h is {h}; the old state was {old}."),),
        hint="Which z makes n disappear from the mixture?",
        right="With z = {z} nothing of n comes in: h = {h}, as before.",
        lanes=(lane("Update gate z", "z"), STATE),
        t=2,
    ),
    Station(
        title="Halfway",
        context="The same mixture; between 0 and 1 the gate can do anything in between.",
        question="Hold z so that h of unit 1 lies exactly halfway between n and h_prev.",
        kind="change",
        among=("z",),
        values={
            "z": "z[0,2,1]",
            "h": "h[0,2,1]",
            "both": "n[0,2,1] + h_prev[0,2,1]",
            "middle": "both / 2",
            "off": "h - middle",
            "gap": "abs off",
        },
        goal=(Condition("gap", "<=", 0.005, "With z = {z}, h is {h}; halfway is {middle}."),),
        hint="How much of each, if both count the same?",
        right="z = {z}: half of each, h = {h}.",
        lanes=(lane("Update gate z", "z"), STATE),
        t=2,
    ),
    Station(
        title="The reset gate",
        context="The candidate n is made from the input and from the old state; the reset gate r "
        "says how much of the old state it sees.",
        question="Hold r so that the old state has no part in the candidate of unit 0 *and* unit "
        "1.",
        kind="change",
        among=("r",),
        values={
            "r0": "r[0,2,0]",
            "r1": "r[0,2,1]",
            "alone0": "tanh a_in[0,2,0]",
            "alone1": "tanh a_in[0,2,1]",
            "n0": "n[0,2,0]",
            "n1": "n[0,2,1]",
            "off0": "n0 - alone0",
            "off1": "n1 - alone1",
            "gap0": "abs off0",
            "gap1": "abs off1",
        },
        goal=(
            Condition(
                *("gap0", "<=", 0.001),
                "In unit 0 the candidate is {n0} (r = {r0}); from the input alone it is {alone0}.",
            ),
            Condition(
                *("gap1", "<=", 0.001),
                "In unit 1 the candidate is {n1} (r = {r1}); from the input alone it is {alone1}.",
            ),
        ),
        hint="r multiplies what comes from the past. By which number does anything disappear? "
        "Click one; *hold the whole time step* does it for both units.",
        right="With r = 0, n is {n0} and {n1}: what the input makes alone. The units begin anew.",
        lanes=(lane("Reset gate r", "r"), CANDIDATE),
        t=2,
    ),
    Station(
        title="Why there is one",
        context="This network was trained for 400 updates on “a aaa a aaa …”: it has to count the "
        "letters of a word. At some of them it has learned to set r close to 0: what was before "
        "would disturb there.",
        question="Show that it needs its reset gate: hold r so that the loss at least doubles.",
        kind="change",
        among=("r",),
        values={
            "was": "before.loss[]",
            "loss": "loss[]",
            "bound": "was * 2",
            "least": "min before.r[:,:,:]",
        },
        goal=(
            Condition(
                *("loss", ">=", "bound"),
                "The loss was {was} and is {loss}. Hold all of r, where it lets the past in.",
            ),
        ),
        hint="Click a number of r, press *hold all of it* below, and type 1: then nothing is ever "
        "forgotten.",
        right="The loss rises from {was} to {loss}. By itself r goes down to {least}: the "
        "candidate "
        "has to be able to leave the past out.",
        lanes=(lane("Reset gate r", "a_r", "r"), CANDIDATE, STATE),
        settings=RESETTING,
        t=2,
        chapter="gates",
    ),
    Station(
        title="Through time",
        context="The state goes on from time step to time step, and each time a unit keeps the "
        "share z of it.",
        question="Go through all three time steps. At which one does unit 0 keep least? Point at "
        "its z there.",
        kind="point",
        among=("z",),
        values={"kept": "z[0,T,0]", "least": "min z[0,:,0]", "unit": "H * 1"},
        goal=(
            Condition("unit", "<=", 0, "That is unit {unit}; the question is about unit 0."),
            Condition(
                "kept", "<=", "least", "Here it keeps {kept}. There is a time step with less."
            ),
        ),
        hint="◀ and ▶ above, or the arrow keys, go from letter to letter.",
        right="At time step {T}, where z = {kept}, it keeps least: most of h is new there.",
        lanes=(UPDATE_GATE, STATE),
        chapter="time",
    ),
    Station(
        title="How long it remembers",
        context="Here z is held at 0.5 everywhere: at each time step half of the old state is "
        "kept.",
        question="How much of a state is left of it after three time steps? Type the share.",
        kind="type",
        values={"left": "product z[0,:,0]", "off": "answer - left", "gap": "abs off"},
        goal=(
            Condition("gap", "<=", 0.0051, "Not {answer}: it is halved at each time step, thrice."),
        ),
        hint="0.5 of 0.5 of 0.5.",
        right="{left}: the shares multiply. With z = 0.5 a memory is halved at each time step; "
        "with "
        "z = 0.99 that takes 69.",
        lanes=(lane("Update gate z", "z"), STATE),
        edit="z:0.5",
        chapter="time",
    ),
)
"""From the first letter to the state that is handed on."""
