"""Cells of ONNX beside its reference implementation: nodes, constants, subgraphs, functions."""

import io

import numpy as np
import pytest
import torch
from framework_cases import H_0, D, H, X, apart, library, run_onnx, torch_gru
from loops import states

from explainer import (
    from_onnx,
    from_torch,
    load,
    record_onnx,
)

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]


def test_an_onnx_file(tmp_path):
    onnx = library("onnx")
    cell = from_torch(torch_gru()).cell
    onnx.save(cell.to_onnx("float64"), tmp_path / "a.onnx")
    found = load(tmp_path / "a.onnx")["gru.l0"]
    assert all(np.array_equal(v, found.parameters[n]) for n, v in cell.parameters.items())


@pytest.mark.parametrize("reset", ["after", "before"])
@pytest.mark.parametrize(
    "activations",
    [
        ("sigmoid", "tanh"),
        ("hard_sigmoid_5", "tanh"),
        ("hard_sigmoid_6", "tanh"),
        ("sigmoid", "relu"),
        ("hard_sigmoid_6", "relu"),
    ],
)
def test_onnx_there_and_back(reset, activations):
    library("onnx")
    from explainer import from_arrays

    draw = np.random.default_rng(1).normal
    W, U, b = draw(size=(3 * H, D)), draw(size=(3 * H, H)) / 3, draw(size=6 * H)
    cell = from_arrays(W, U, b, order="rzn", reset=reset, activations=activations)
    model = cell.to_onnx()
    Y, _ = run_onnx(model, X.transpose(1, 0, 2), H_0[None])
    h = states(cell, X, H_0)
    assert apart(Y[:, 0].transpose(1, 0, 2), h) < 2e-6 * max(1, np.abs(h).max())
    recorded = from_onnx(model).cell.record(X, H_0)["h"]
    assert apart(Y[:, 0].transpose(1, 0, 2), recorded) < 2e-6 * max(1, np.abs(h).max())
    exact = from_onnx(cell.to_onnx("float64").SerializeToString()).cell
    assert exact.activations == cell.activations
    assert all(np.array_equal(v, exact.parameters[n]) for n, v in cell.parameters.items())
    evaluator = library("onnx.reference").ReferenceEvaluator
    if activations == ("sigmoid", "tanh"):
        feeds = {"X": X.transpose(1, 0, 2), "initial_h": H_0[None]}
        Y, _ = evaluator(cell.to_onnx("float64")).run(None, feeds)
        assert apart(Y[:, 0].transpose(1, 0, 2), states(cell, X, H_0)) < 1e-14


class Around(torch.nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.gru = torch.nn.GRU(D, H, **options)

    def forward(self, x):
        return self.gru(x)[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 2}, {"bias": False}],
)
def test_what_torch_exports(options):
    library("onnx")
    torch.manual_seed(1)
    net = Around(**options).eval()
    file = io.BytesIO()
    x = torch.tensor(X.transpose(1, 0, 2), dtype=torch.float32)
    torch.onnx.export(net, (x,), file, dynamo=False)
    network = from_onnx(file.getvalue())
    expected = from_torch(net)
    assert list(network) == list(expected)
    for layer, cell in network.items():
        assert cell.reverse == expected[layer].reverse
        for name, value in cell.parameters.items():
            assert np.array_equal(value, expected[layer].parameters[name]), (layer, name)


def test_onnx_refuses_what_has_no_equation():
    onnx = library("onnx")
    model = from_torch(torch_gru()).cell.to_onnx()
    changes = {
        "the node clips its numbers": onnx.helper.make_attribute("clip", 3.0),
        "activations must be Sigmoid": onnx.helper.make_attribute("activations", ["Elu", "Tanh"]),
    }
    for sentence, attribute in changes.items():
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        changed.graph.node[0].attribute.append(attribute)
        with pytest.raises(ValueError, match=sentence):
            from_onnx(changed)
    computed = onnx.ModelProto()
    computed.CopyFrom(model)
    computed.graph.node[0].input[1] = "somewhere"
    with pytest.raises(ValueError, match=r"In gru\.l0, its weights 'somewhere' are computed"):
        from_onnx(computed)
    del computed.graph.node[:]
    with pytest.raises(ValueError, match="The model has no GRU node"):
        from_onnx(computed)
    elsewhere = onnx.ModelProto()
    elsewhere.CopyFrom(model)
    elsewhere.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(ValueError, match="'W' is in another file"):
        from_onnx(elsewhere)
    with pytest.raises(ValueError, match="must be an ONNX model"):
        from_onnx(model.SerializeToString()[:100])


def test_onnx_weights_made_of_constants():
    onnx = library("onnx")
    make = onnx.helper.make_node
    model = from_torch(torch_gru()).cell.to_onnx("float64")
    expected = from_onnx(model).cell
    graph = model.graph
    W = onnx.numpy_helper.to_array(next(t for t in graph.initializer if t.name == "W"))
    graph.initializer.remove(next(t for t in graph.initializer if t.name == "W"))
    graph.initializer.append(onnx.numpy_helper.from_array(W[0].T.copy(), "turned"))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([0]), "axes"))
    graph.node.insert(0, make("Transpose", ["turned"], ["rows"], perm=[1, 0]))
    graph.node.insert(1, make("Unsqueeze", ["rows", "axes"], ["W"]))
    cell = from_onnx(model).cell
    assert all(np.array_equal(v, expected.parameters[n]) for n, v in cell.parameters.items())
    for i in range(40):  # each doubles what it is given
        graph.node.insert(
            1 + i, make("Concat", [f"c{i - 1}" if i else "rows"] * 2, [f"c{i}"], axis=1)
        )
    graph.node[41].input[0] = "c39"
    with pytest.raises(ValueError, match=r"may make .* numbers; at most"):
        from_onnx(model)


def test_onnx_subgraphs():
    onnx = library("onnx")
    model = from_torch(torch_gru()).cell.to_onnx()
    inner = onnx.helper.make_graph(
        list(model.graph.node), "branch", [], list(model.graph.output)[:1]
    )
    outer = onnx.ModelProto()
    outer.CopyFrom(model)
    del outer.graph.node[:]
    outer.graph.node.append(
        onnx.helper.make_node("If", ["X"], ["Y"], then_branch=inner, else_branch=inner)
    )
    assert list(from_onnx(outer)) == ["gru.l0", "gru.l1"]
    library("onnxruntime")
    with pytest.raises(ValueError, match=r"are inside of an If, a Loop or a Scan; a node of the g"):
        record_onnx(outer, {})
    both = onnx.ModelProto()
    both.CopyFrom(model)
    inner.output[0].name = "Z"
    inner.node[0].output[:] = ["Z", "Z_h"]
    no = onnx.helper.make_tensor("", onnx.TensorProto.BOOL, [], [False])
    both.graph.node.append(onnx.helper.make_node("Constant", [], ["no"], value=no))
    both.graph.node.append(
        onnx.helper.make_node("If", ["no"], ["Z"], then_branch=inner, else_branch=inner)
    )
    feeds = {"X": X.transpose(1, 0, 2).astype("f4"), "initial_h": H_0[None].astype("f4")}
    seen = record_onnx(both, feeds)
    assert list(seen) == ["gru.l0"]
    assert seen.left_out.startswith("Inside of an If, a Loop or a Scan, and left out: ")


def with_functions(onnx, depth, itself=False):
    """A model in which a GRU is the body of a function, which others call twice each."""
    make = onnx.helper
    model = from_torch(torch_gru()).cell.to_onnx()
    gru = onnx.NodeProto()
    gru.CopyFrom(model.graph.node[0])
    names = [*gru.input]
    opsets = [*model.opset_import, make.make_opsetid("own", 1)]
    outputs = list(gru.output)[:1]
    add = make.make_function("own", "F0", names, outputs, [gru], opsets)
    functions = [add]
    for i in range(1, depth):
        below = "F1" if itself else f"F{i - 1}"
        nodes = [make.make_node(below, names, [f"o{j}"], domain="own") for j in (0, 1)]
        nodes.append(make.make_node("Add", ["o0", "o1"], outputs))
        functions.append(make.make_function("own", f"F{i}", names, outputs, nodes, opsets))
    model.functions.extend(functions)
    model.opset_import.append(make.make_opsetid("own", 1))
    del model.graph.node[:]
    del model.graph.output[1:]
    top = make.make_node(f"F{depth - 1}", names, [model.graph.output[0].name], domain="own")
    model.graph.node.append(top)
    return model


def test_onnx_functions():
    onnx = library("onnx")
    library("onnxruntime")
    model = with_functions(onnx, 2)
    assert len(from_onnx(model)) == 2
    feeds = {"X": X.transpose(1, 0, 2).astype("f4"), "initial_h": H_0[None].astype("f4")}
    seen = record_onnx(model, feeds)
    assert len(seen) == 2
    assert max(a.states for a in seen.agreements) < 1e-6
    (sums,) = seen.output.values()
    assert apart(sums[:, 0], 2 * seen["gru.l0"]["h"].swapaxes(0, 1)) < 1e-5
    with pytest.raises(ValueError, match=r"make 1,\d{3},\d{3} nodes; at most 100,000"):
        from_onnx(with_functions(onnx, 19))
    with pytest.raises(ValueError, match="'F1' calls itself; functions must end"):
        from_onnx(with_functions(onnx, 2, itself=True))
