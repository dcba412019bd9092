"""Small cells and sequences for tests beside other libraries, and how near they come."""

import importlib
import importlib.metadata
import os

import numpy as np
import pytest
import torch

B, T, D, H = 3, 11, 5, 6
DRAWN = np.random.default_rng(0)
X, H_0 = DRAWN.normal(size=(B, T, D)), DRAWN.normal(size=(B, H)) / 2


def library(name):
    """A library; the test is skipped where there is none."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    pytest.importorskip(name.partition(".")[0])
    return importlib.import_module(name)


def apart(a, b):
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max())


def torch_gru():
    torch.manual_seed(0)
    return torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)


def loop(step):
    """States of a cell that computes one time step."""
    h, found = H_0, []
    for t in range(T):
        h = np.asarray(step(h, X[:, t]))
        found.append(h)
    return np.stack(found, 1)


def same_numbers(a, b, atol=0.0):
    return len(a) == len(b) and all(np.allclose(x, y, 0, atol) for x, y in zip(a, b, strict=True))


def run_onnx(model, x, h_0=None):
    runtime = library("onnxruntime")
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()]
    values = [x.astype("f4"), *([] if h_0 is None else [h_0.astype("f4")])]
    return session.run(None, dict(zip(names, values, strict=True)))
