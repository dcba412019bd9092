"""The tour's last stations: prediction, loss, gradients, update."""

from __future__ import annotations

from dataclasses import replace

from explainer.stage.scene import lane
from explainer.stage.tour.forward_stations import FORWARD
from explainer.stage.tour.station import EXAMPLE, Condition, Station

PAIR = replace(EXAMPLE, batch_size=2)
LONG = replace(EXAMPLE, context_length=8, initial="uniform", seed=2)
LAST_ALONE = ";".join(f"logits.0.{t}.*:0" for t in range(7))
"""Only the last time step's loss depends on anything; gradients come from there alone."""
PARAMETERS = (
    *("E", "W_ir", "W_iz", "W_in", "W_hr", "W_hz", "W_hn", "W_o"),
    *("b_ir", "b_iz", "b_in", "b_hr", "b_hz", "b_hn", "b_r", "b_z", "b_n"),
)
HEAD = lane("Logits and probabilities", "logits", "p", first=("h_out",), hue="p")

LEARNING = (
    Station(
        title="Prediction",
        context="From the state h the output head computes a logit for each letter; softmax makes "
        "them probabilities p that add up to 1.",
        question="Which letter does the network expect after b, a, n? Point at its probability or "
        "its logit.",
        kind="point",
        among=("p", "logits"),
        values={"p": "p[0,2,V]", "most": "max p[0,2,:]"},
        goal=(Condition("p", ">=", "most", "That letter gets {p}; another one gets {most}."),),
        hint="The largest logit makes the largest probability. Columns are a, b, n.",
        right="The letter with the id {V}: p = {p}. It was never trained, so it need not be right.",
        lanes=(HEAD,),
        t=2,
        chapter="prediction",
        learning=True,
    ),
    Station(
        title="Softmax",
        context="The target is a. Softmax compares logits: only their differences count.",
        question="Hold or change whatever you like in the head (`logits`, `W_o`) so that a gets a "
        "probability of at least 0.9.",
        kind="change",
        among=("logits", "W_o"),
        values={"target": "targets[0,2]", "p": "p[0,2,target]", "was": "before.p[0,2,target]"},
        goal=(Condition("p", ">=", 0.9, "a has {p} now; it was {was}."),),
        hint="Raise the logit of a well above the others, or push the others down. Or drag the "
        "first row of W_o.",
        right="p of a is {p}, where it was {was}.",
        lanes=(HEAD,),
        t=2,
        chapter="prediction",
        learning=True,
    ),
    Station(
        title="Cross-entropy, first step",
        context="The loss takes three steps. First: the one-hot target times ln p, so that only "
        "one number of ln p counts.",
        question="Point at the number of ln p (`log_p`) that the target picks.",
        kind="point",
        among=("log_p", "ce_1"),
        values={
            "target": "targets[0,2]",
            "off": "V - target",
            "gap": "abs off",
            "log_p": "log_p[0,2,V]",
            "p": "p[0,2,V]",
        },
        goal=(
            Condition(
                "gap", "<=", 0, "That is ln p of the id {V}; the target has the id {target}."
            ),
        ),
        hint="After b, a, n comes a. All other places are multiplied by 0.",
        right="ln {p} = {log_p}. The other letters count only through softmax.",
        lanes=(lane("First step: the one-hot target times ln p", "log_p", "ce_1", first=("p",)),),
        t=2,
        chapter="loss",
        learning=True,
    ),
    Station(
        title="Second and third step",
        context="Second: the sum over the letters, one number `ce_2` for each of the two sequences "
        "here. Third: minus their mean.",
        question="What does the third step give at this time step? Type it, to two digits or more.",
        kind="type",
        values={
            "first": "ce_2[0,2]",
            "second": "ce_2[1,2]",
            "exact": "ce_3[2]",
            "off": "answer - exact",
            "gap": "abs off",
            "wrong_sign": "answer + exact",
            "same": "abs wrong_sign",
        },
        goal=(
            Condition("same", ">", 0.011, "Minus the mean: the other sign."),
            Condition("gap", "<=", 0.011, "Not {answer}. The two sums are {first} and {second}."),
        ),
        hint="Look at ce_2 of sequence 0 and of sequence 1: add them, halve that, change the sign.",
        right="−({first} + {second}) / 2 = {exact}. The logarithm of a probability is negative, so "
        "minus makes a loss that is never below 0.",
        lanes=(
            lane("Second step: the sum over the letters", "ce_2", first=("ce_1",)),
            lane("Both sequences", first=("ce_2",)),
        ),
        settings=PAIR,
        t=2,
        chapter="loss",
        learning=True,
    ),
    Station(
        title="Downhill by hand",
        context="The loss is the mean of the three time steps’ losses. Every weight has a say in "
        "it.",
        question="Change weights so that the loss falls by at least 0.02: drag a number up or "
        "down, "
        "or press F2 on it and type.",
        kind="change",
        among=PARAMETERS,
        values={"was": "before.loss[]", "loss": "loss[]", "fell": "was - loss"},
        goal=(
            Condition("fell", ">", 0, "The loss went up, from {was} to {loss}: the other way."),
            Condition("fell", ">=", 0.02, "From {was} to {loss}: the right way. Go on a little."),
        ),
        hint="Drag a number of W_o and watch the loss in the bar above the picture.",
        right="From {was} to {loss}. You did by hand what an update does with all weights at once.",
        lanes=(HEAD, lane("Loss", "log_p", "ce_1", "ce_2", first=("p",))),
        chapter="loss",
        learning=True,
    ),
    Station(
        title="Gradients",
        context="A gradient says how much the loss changes with a number. The network’s head W_o "
        "has one for each of its six weights: d_W_o.",
        question="Which weight of W_o has most influence on the loss? Point at its gradient in "
        "d_W_o; the sign does not matter.",
        kind="point",
        among=("d_W_o",),
        values={
            "here": "d_W_o[V,H]",
            "size": "abs here",
            "most": "largest d_W_o[:,:]",
        },
        goal=(Condition("size", ">=", "most", "That is {here}; one of them is {most} in size."),),
        hint="A large negative gradient counts as much as a large positive one.",
        right="{here}: for each 0.01 that this weight goes up, the loss changes by about a "
        "hundredth of that.",
        lanes=(lane("The gradient of W_o", "d_logits", "d_W_o", hue="d_h"),),
        t=2,
        chapter="gradients",
        backwards=True,
        learning=True,
    ),
    Station(
        title="Vanishing gradients",
        context="An ordinary RNN has no gates: here z is held at 0 and r at 1. The loss counts at "
        "the last of eight time steps only, and its gradient goes back from there.",
        question="Go back in time. Where is less than a tenth left of it? Point at a number of d_h "
        "there.",
        kind="point",
        among=("d_h",),
        values={
            "last": "norm d_h[0,7,:]",
            "here": "norm d_h[0,T,:]",
            "tenth": "last / 10",
            "first": "norm d_h[0,0,:]",
            "share": "first / last",
        },
        goal=(
            Condition(
                "here",
                "<",
                "tenth",
                "At time step {T} its norm is {here}; at the last it is {last}. Go further back.",
            ),
        ),
        hint="◀ goes back in time. Compare the size of d_h with that at the last time step.",
        right="At time step {T} {here} is left of {last}. At the first one it is {share} of it: "
        "the "
        "first letter hardly learns anything from the last.",
        lanes=(lane("To the state", "d_h", first=("d_h_next",)),),
        settings=LONG,
        edit=f"z:0;r:1;{LAST_ALONE}",
        t=7,
        chapter="gradients",
        backwards=True,
        learning=True,
    ),
    Station(
        title="What gates do about it",
        context="The same RNN. What flows back through the old state is multiplied by z at each "
        "time step, and z is held at 0.",
        question="Hold z so that at least half of the gradient arrives at the first time step.",
        kind="change",
        among=("z", "r"),
        values={
            "then": "norm before.d_h[0,7,:]",
            "arrived": "norm before.d_h[0,0,:]",
            "rnn": "arrived / then",
            "last": "norm d_h[0,7,:]",
            "first": "norm d_h[0,0,:]",
            "share": "first / last",
            "z": "mean z[0,:,:]",
        },
        goal=(
            Condition(
                *("share", ">=", 0.5),
                "With z = {z} on average a share of {share} arrives; in the RNN it was {rnn}.",
            ),
        ),
        hint="Click a number of z and press *hold all of it* below: which value lets everything "
        "through?",
        right="With z = {z} on average {share} of the gradient arrives; in the RNN it was {rnn}. A "
        "gate that keeps the state keeps the gradient.",
        lanes=(lane("Update gate z", "z"), lane("Gradient of the state", first=("d_h",))),
        settings=LONG,
        edit=f"z:0;r:1;{LAST_ALONE}",
        chapter="gradients",
        learning=True,
    ),
    Station(
        title="The update",
        context="An update moves every weight against its gradient, by the learning rate times it. "
        "The slope promises a lower loss, but it holds close by only.",
        question="Choose a learning rate so large that the loss after the update is higher than "
        "before.",
        kind="change",
        among=("learning_rate",),
        values={
            "rate": "learning_rate[]",
            "loss": "loss[]",
            "after": "second.loss[]",
            "change": "predicted_change[]",
            "promised": "loss + change",
        },
        goal=(
            Condition(
                "after",
                ">",
                "loss",
                "With {rate} the loss falls from {loss} to {after}. Further!",
            ),
        ),
        hint="Drag the slider of the learning rate to the right.",
        right="With {rate} it rises from {loss} to {after}, though the slope promised {promised}. "
        "So rates are kept small, and there are many updates.",
        lanes=(lane("Learning rate × gradient", "lr_d_W_o"), lane("Before and after", "new_W_o")),
        chapter="update",
        learning=True,
        descent=True,
    ),
)
STATIONS = (*FORWARD, *LEARNING)
"""All stations, in order."""
