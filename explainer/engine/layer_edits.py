"""What if a number in a layer from elsewhere were another one."""

from __future__ import annotations

import torch

from explainer.engine.edits import Edits, read_among
from explainer.engine.hold import hold
from explainer.engine.layer_trace import is_layer, layer_forward, layer_trace
from explainer.engine.network import network_of_layer
from explainer.engine.trace import Trace
from explainer.errors import InvalidValueError, must_be, shorten


def edited_layer(trace: Trace, edits: Edits) -> Trace:
    """Return a layer with given numbers changed and computed ones held, on through time.

    Without gradients: what arrives at the layer from everything after it would be another one.

    Args:
        trace: of a layer, such as `record(model, x).trace`.
        edits: by name a number for all, an array, or numbers by index as in `trace[name]`, None
            for all of an axis.

    Raises:
        TypeError: a name, an index or a number is something else.
        ValueError: a quantity or a place is not there, or a number is not finite.
    """
    must_be("trace", trace, Trace, "the trace of a layer, such as record(model, x).trace")
    if not is_layer(trace):
        expected = "the trace of a layer; of the app's own runs, run(settings, edits=…)"
        raise InvalidValueError("trace", expected, shorten(trace))
    net = network_of_layer(trace.quantities, gradients=False)
    given = {q.name: q for q in (*net.given, *net.parameters)}
    held = {q.name: q for q in net.forward}
    read = read_among(edits, given, held, lambda _: trace, {})
    known = {name: torch.from_numpy(trace[name].copy()) for name in given}
    for name, edit in read.items():
        wanted, where = torch.from_numpy(edit.values), torch.from_numpy(edit.where)
        if name in known:
            known[name] = torch.where(where, wanted, known[name])
        else:
            known |= {f"free_{name}": (~where).to(torch.float64), f"set_{name}": wanted}
    changed = hold(net, tuple(name for name in held if name in read))
    x, h_0 = known.pop("x"), known.pop("h_0")
    values = layer_forward(changed, known, x, h_0)
    found = layer_trace(changed, values, origin=trace.origin)
    return Trace(found.quantities, found.arrays, found.sizes, read, found.origin)
