"""Answers to the tour's stations: right ones, several ways, and wrong ones with their hints."""

from explainer.stage.tour.assess import Attempt
from explainer.stage.tour.learning_stations import LAST_ALONE, STATIONS

RNN = f"z:0;r:1;{LAST_ALONE}"
GATES = f"r:1;{LAST_ALONE}"


def point(name, *index):
    return Attempt(place=(name, index))


def change(edit):
    return Attempt(edit=edit)


def typed(number):
    return Attempt(number=number)


ANSWERS = {
    "Tokens": (
        [change("ids.0.0:2"), change("ids.*.0:2")],
        [change("ids.0.0:0"), change("ids:2"), change("E:1"), change("ids.0.0:2;ids.0.2:1")],
    ),
    "Targets": ([typed(0.0)], [typed(1.0), typed(2.0), typed(-0.5)]),
    "Embedding": (
        [point("E", 2, 0), point("E", 2, 1)],
        [point("E", 0, 0), point("E", 1, 1), point("e", 0, 2, 0)],
    ),
    "Dropout: zeros": None,  # depends on the masks
    "Dropout: the mean": ([typed(0.5), typed(0.502)], [typed(2.0), typed(0.25), typed(-0.5)]),
    "The update gate": (
        [point("z", 0, 2, 0), point("h", 0, 2, 0), point("a_hz", 0, 2, 0)],
        [point("z", 0, 2, 1), point("h_prev", 0, 2, 1), point("x", 0, 2, 0)],
    ),
    "Keeping": (
        [change("z:1"), change("z.0.2.0:1"), change("z.*.*.0:1")],
        [change("z:0"), change("z.0.2.0:0.5"), change("z.0.2.1:1"), change("W_iz:9;z:1")],
    ),
    "Halfway": (
        [change("z:0.5"), change("z.0.2.1:0.5"), change("z.0.2.*:0.5")],
        [change("z:1"), change("z.0.2.0:0.5"), change("z:0.4")],
    ),
    "The reset gate": (
        [change("r:0"), change("r.0.2.*:0"), change("r.0.2.0:0;r.0.2.1:0")],
        [change("r:1"), change("r.0.2.0:0"), change("r.0.2.1:0"), change("r:0.3")],
    ),
    "Why there is one": (
        [change("r:1"), change("r.*.*.*:1")],
        [change("r:0"), change("r.0.0.0:0.5"), change("z:0"), change("r.1.7.1:1")],
    ),
    "Through time": None,  # depends on z
    "How long it remembers": (
        [typed(0.125), typed(0.13), typed(1 / 8)],
        [typed(0.5), typed(0.25), typed(1.5)],
    ),
    "Prediction": (
        [point("p", 0, 2, 2), point("logits", 0, 2, 2)],
        [point("p", 0, 2, 0), point("logits", 0, 2, 1), point("h_out", 0, 2, 0)],
    ),
    "Softmax": (
        [
            change("logits.0.2.0:9"),
            change("logits.0.2.1:-9;logits.0.2.2:-9"),
            change("W_o.0.0:20"),
        ],
        [change("logits.0.2.2:9"), change("logits.0.2.0:0"), change("h:1")],
    ),
    "Cross-entropy, first step": (
        [point("log_p", 0, 2, 0), point("ce_1", 0, 2, 0)],
        [point("log_p", 0, 2, 1), point("log_p", 0, 2, 2), point("p", 0, 2, 0)],
    ),
    "Second and third step": None,  # depends on the variant
    "Downhill by hand": (
        [change("W_o.0.0:2"), change("W_o.2.0:-1"), change("W_o:0")],
        [change("W_o.2.0:5"), change("W_o.0.0:-3"), change("z:1")],
    ),
    "Gradients": None,
    "Vanishing gradients": (
        [point("d_h", 0, 0, 0), point("d_h", 0, 2, 1)],
        [point("d_h", 0, 7, 0), point("d_h", 0, 6, 1), point("d_h_next", 0, 0, 0)],
    ),
    "What gates do about it": (
        [change(f"z:1;{GATES}"), change(f"z:0.95;{GATES}"), change(f"z:0;z.*.*.0:1;{GATES}")],
        [
            change(f"z:0.3;{GATES}"),
            change(f"z:0.5;{GATES}"),
            change("z:1"),
            change(f"h:1;{RNN}"),
        ],
    ),
    "The update": (
        [change("learning_rate:1000"), change("learning_rate:300")],
        [change("learning_rate:0.1"), change("learning_rate:1.5"), change("W_o:0")],
    ),
}


def answers(title, trace):
    """The right and wrong answers to a station, some of them found in the numbers of its run."""
    if ANSWERS[title] is not None:
        return ANSWERS[title]
    if title == "Dropout: zeros":
        mask = trace["mask_x"][0]
        sorted_places = {
            m: [(t, d) for t in range(3) for d in range(2) if mask[t, d] == m] for m in (0, 1)
        }
        right, wrong = (
            [point(name, 0, *place) for place in sorted_places[m] for name in ("x", "mask_x")]
            for m in (0, 1)
        )
        return right, [*wrong, point("e", 0, 0, 0)]
    if title == "Through time":
        least = int(trace["z"][0, :, 0].argmin())
        others = [point("z", 0, t, 0) for t in range(3) if t != least]
        return [point("z", 0, least, 0)], [*others, point("z", 0, least, 1), point("h", 0, 0, 0)]
    if title == "Second and third step":
        exact = -float(trace["ce_2"][:, 2].mean())
        return (
            [typed(exact), typed(round(exact, 2))],
            [typed(-exact), typed(2 * exact), typed(float(-trace["ce_2"][0, 2]))],
        )
    assert title == "Gradients"
    d = abs(trace.gradients["W_o"])
    top = divmod(int(d.argmax()), d.shape[1])
    wrong = [point("d_W_o", v, h) for v in range(3) for h in range(2) if (v, h) != top]
    return [point("d_W_o", *top)], [*wrong, point("W_o", *top)]


assert list(ANSWERS) == [station.title for station in STATIONS]
