"""A GRU in a plain loop, for tests of networks from elsewhere: written out once more, in NumPy."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


FUNCTIONS = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "linear": lambda a: a,
    "hard_sigmoid_6": lambda a: np.clip(a / 6 + 0.5, 0, 1),
    "hard_sigmoid_5": lambda a: np.clip(0.2 * a + 0.5, 0, 1),
}


def states(cell, x, h_0=None):
    """h (B, T, H) of a cell, in the order in which it reads."""
    p, after = cell.parameters, cell.variant == "reset_after"
    gate, candidate = (FUNCTIONS[name] for name in cell.activations)
    h = np.zeros((len(x), cell.hidden_size)) if h_0 is None else h_0
    bias = (lambda g: (p[f"b_i{g}"], p[f"b_h{g}"])) if after else (lambda g: (p[f"b_{g}"], 0))
    found = []
    for x_t in np.moveaxis(np.asarray(x), 1, 0):
        r, z = (
            gate(x_t @ p[f"W_i{g}"].T + bias(g)[0] + h @ p[f"W_h{g}"].T + bias(g)[1]) for g in "rz"
        )
        past = r * (h @ p["W_hn"].T + bias("n")[1]) if after else (r * h) @ p["W_hn"].T
        n = candidate(x_t @ p["W_in"].T + bias("n")[0] + past)
        h = (1 - z) * n + z * h
        found.append(h)
    return np.stack(found, 1)
