"""A cell as the weights of other libraries.

Where their modules are documented: docs.pytorch.org (torch.nn.GRU), keras.io (GRU), onnx.ai (the
operator GRU), flax.readthedocs.io (GRUCell of linen and nnx), dm-haiku.readthedocs.io (GRU),
docs.kidger.site/equinox (GRUCell).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from explainer.engine.equations.activation import USUAL
from explainer.engine.network import GATES
from explainer.engine.trace import Array
from explainer.errors import ConstraintError, in_range, one_of
from explainer.interop.onnx_writer import gru_model
from explainer.interop.stacked_gates import negated_update, stack_gates

if TYPE_CHECKING:
    from onnx import ModelProto


class CellExports:
    """The layouts that a cell can be written in; each refuses what its library can't compute."""

    variant: str
    parameters: Mapping[str, Array]
    activations: tuple[str, str]
    reverse: bool

    def to_torch(self, layer: int | None = 0) -> dict[str, torch.Tensor]:
        """Return the cell as a part of a state_dict of torch.nn.GRU, float64.

        Args:
            layer: which layer, from 0; None for a torch.nn.GRUCell.

        Returns:
            weight_ih_l0 (3H, D), weight_hh_l0 (3H, H), bias_ih_l0 and bias_hh_l0 (3H,), gates in
            the order r z n; of a reverse cell the names end in _reverse.

        Raises:
            ValueError: the reset gate comes before the product, or other activations than sigmoid
                and tanh are asked for.
        """
        self._must_be("torch.nn.GRU", "reset_after")
        suffix = "" if layer is None else f"_l{in_range('layer', layer, int, 0, 9_999)}"
        suffix += "_reverse" if self.reverse else ""
        names = {"weight_ih": "W_i", "weight_hh": "W_h", "bias_ih": "b_i", "bias_hh": "b_h"}
        return {
            f"{name}{suffix}": torch.from_numpy(stack_gates(self.parameters, start, "rzn"))
            for name, start in names.items()
        }

    def to_keras(self) -> list[Array]:
        """Return the cell as `layer.set_weights` of keras.layers.GRU takes it.

        The layer must be made with the same `reset_after`, `recurrent_activation`, `activation`
        and `go_backwards`.

        Returns:
            kernel (D, 3H), recurrent_kernel (H, 3H), bias (2, 3H) where the reset gate comes after
            the product, else (3H,); gates side by side in the order z r h.

        Raises:
            ValueError: the gates are Keras 2's hard sigmoid, which Keras 3 does not have.
        """
        allowed = ("sigmoid", "tanh", "relu", "linear", "hard_sigmoid_6")
        self._must_be("Keras 3", self.variant, gates=allowed, candidate=allowed)
        kernels = [stack_gates(self.parameters, start, "zrn").T for start in ("W_i", "W_h")]
        return [np.ascontiguousarray(kernel) for kernel in kernels] + [self._keras_bias()]

    def _keras_bias(self) -> Array:
        if self.variant == "reset_before":
            return stack_gates(self.parameters, "b_", "zrn")
        return np.stack([stack_gates(self.parameters, start, "zrn") for start in ("b_i", "b_h")])

    def to_onnx(self, dtype: str = "float32") -> ModelProto:
        """Return the cell as an ONNX model with one GRU node; needs onnx.

        Its inputs are X (T, B, D) and initial_h (1, B, H), its outputs Y (T, 1, B, H) and
        Y_h (1, B, H). W (1, 3H, D), R (1, 3H, H) and B (1, 6H) hold the gates in the order z r h;
        of a cell with one bias for each gate, that is the input's.

        Args:
            dtype: "float32", as runtimes want it, or "float64".

        Raises:
            ImportError: onnx is not installed.
            ValueError: an activation is linear.
        """
        one_of("dtype", dtype, ("float32", "float64"))
        allowed = ("sigmoid", "tanh", "relu", "hard_sigmoid_6", "hard_sigmoid_5")
        self._must_be("ONNX's GRU", self.variant, gates=allowed, candidate=allowed)
        W, R = (stack_gates(self.parameters, start, "zrn") for start in ("W_i", "W_h"))
        after = self.variant == "reset_after"
        first = stack_gates(self.parameters, "b_i" if after else "b_", "zrn")
        second = stack_gates(self.parameters, "b_h", "zrn") if after else np.zeros_like(first)
        arrays = {"W": W, "R": R, "B": np.concatenate([first, second])}
        arrays = {n: v[None].astype(dtype) for n, v in arrays.items()}
        return gru_model(arrays, after, self.activations, self.reverse)

    def to_flax(self, api: Literal["linen", "nnx"] = "linen") -> dict[str, dict[str, Array]]:
        """Return the cell as parameters of flax.linen.GRUCell or flax.nnx.GRUCell.

        Neither has all six biases, so those that only count as a sum are summed: the numbers of
        the states are the same up to rounding.

        Args:
            api: "linen" for {"ir": {"kernel", "bias"}, …, "hn": {"kernel", "bias"}}, kernels
                (in, H); "nnx" for {"dense_i": {"kernel", "bias"}, "dense_h": {"kernel"}}.

        Raises:
            ValueError: the reset gate comes before the product, other activations than sigmoid and
                tanh are asked for, or, with nnx, b_hn is not zero.
        """
        one_of("api", api, ("linen", "nnx"))
        self._must_be(f"flax.{api}.GRUCell", "reset_after")
        p, bias = self.parameters, self._summed_bias()
        if api == "linen":
            found = {
                f"{side}{g}": {"kernel": np.ascontiguousarray(p[f"W_{side}{g}"].T)}
                for side in "ih"
                for g in GATES
            }
            for g, part in zip("rzn", np.split(bias, 3), strict=True):
                found[f"i{g}"]["bias"] = part
            found["hn"]["bias"] = p["b_hn"].copy()
            return found
        if p["b_hn"].any():
            raise ConstraintError(
                "b_hn",
                "flax.nnx.GRUCell has no such bias",
                "b_hn is not zero",
                "Use to_flax('linen').",
            )
        kernels = {
            name: np.ascontiguousarray(stack_gates(p, start, "rzn").T)
            for name, start in (("dense_i", "W_i"), ("dense_h", "W_h"))
        }
        return {
            "dense_i": {"kernel": kernels["dense_i"], "bias": bias},
            "dense_h": {"kernel": kernels["dense_h"]},
        }

    def to_haiku(self) -> dict[str, Array]:
        """Return the cell as parameters of hk.GRU, whose z says how much of the new is taken.

        Returns:
            w_i (D, 3H), w_h (H, 3H), b (3H,), gates side by side in the order z r a, those of z
            with the other sign.

        Raises:
            ValueError: the reset gate comes after the product, or other activations than sigmoid
                and tanh are asked for.
        """
        self._must_be("hk.GRU", "reset_before")
        p = negated_update(self.parameters)
        return {
            "w_i": np.ascontiguousarray(stack_gates(p, "W_i", "zrn").T),
            "w_h": np.ascontiguousarray(stack_gates(p, "W_h", "zrn").T),
            "b": stack_gates(p, "b_", "zrn"),
        }

    def to_equinox(self) -> dict[str, Array]:
        """Return the cell as the arrays of equinox.nn.GRUCell.

        Returns:
            weight_ih (3H, D), weight_hh (3H, H), bias (3H,) and bias_n (H,), which is b_hn; gates
            in the order r z n. Biases that only count as a sum are summed.

        Raises:
            ValueError: the reset gate comes before the product, or other activations than sigmoid
                and tanh are asked for.
        """
        self._must_be("equinox.nn.GRUCell", "reset_after")
        return {
            "weight_ih": stack_gates(self.parameters, "W_i", "rzn"),
            "weight_hh": stack_gates(self.parameters, "W_h", "rzn"),
            "bias": self._summed_bias(),
            "bias_n": self.parameters["b_hn"].copy(),
        }

    def _summed_bias(self) -> Array:
        """Return (3H,) r z n: both biases of the gates, and only the input's of the candidate."""
        p = self.parameters
        return np.concatenate([p["b_ir"] + p["b_hr"], p["b_iz"] + p["b_hz"], p["b_in"]])

    def _must_be(
        self,
        library: str,
        variant: str,
        gates: tuple[str, ...] = USUAL[:1],
        candidate: tuple[str, ...] = USUAL[1:],
    ) -> None:
        """Refuse what a library can't compute."""
        if self.variant != variant:
            places = {"reset_after": "after", "reset_before": "before"}
            raise ConstraintError(
                "variant",
                f"{library} applies it {places[variant]} the product",
                f"The reset gate stands {places[self.variant]} the recurrent product",
                "Weights can't make up for that: train the network anew.",
            )
        whats = ("the gates", "the candidate")
        for what, given, possible in zip(whats, self.activations, (gates, candidate), strict=True):
            if given not in possible:
                raise ConstraintError(
                    "activations",
                    f"{library} can use {', '.join(possible)} there",
                    f"The activation of {what} is {given}",
                )
