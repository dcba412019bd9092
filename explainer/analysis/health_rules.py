"""The rules by which something is found, each with the threshold that was measured for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from explainer.analysis.findings import Finding, Level, units_text
from explainer.analysis.health_numbers import LayerNumbers
from explainer.interop.agreement import Agreement

ENOUGH = 100
"""Time steps over all sequences below which a unit that stands still proves nothing."""
STILL = 1e-3
"""Spread of h below which a unit never changes."""
LARGEST_INPUT = 20.0
"""Absolute inputs above this saturate gates with weights of usual size."""
GROWN = 100.0
"""Growth of a gradient on its way back from which on it explodes."""
UNLEARNING = 1e-4
"""Share of the median unit's gradient below which a unit hardly learns."""


def not_finite(layer: str, problem: str) -> Finding:
    """Say where numbers stop being finite."""
    return Finding("error", "not finite", float("nan"), 0.0, problem, layer=layer)


def chaotic_note(agreement: Agreement) -> Finding:
    """Say that rounding grows."""
    states, one_step = agreement.states or 0.0, agreement.one_step or 0.0
    text = (
        f"rounding grows in this network: its own states and those computed in float64 differ by "
        f"{states:.1e} in the end, and by {one_step:.1e} after one time step."
    )
    ratio = states / max(one_step, 2.0**-53)
    return Finding("note", "chaotic", ratio, 1_000, text, layer=agreement.layer)


def layer_findings(own: LayerNumbers, first: bool | None) -> Iterator[Finding]:
    """Find what is to be found in one layer.

    Args:
        own: its numbers.
        first: whether its parameters are first values; None tells by their size.
    """
    if not own.inside.any():
        return
    fresh = own.is_first if first is None else first
    yield from input_findings(own)
    yield from unit_findings(own)
    yield from gate_findings(own, fresh)
    yield from memory_findings(own, fresh)
    yield from gradient_findings(own)


def input_findings(own: LayerNumbers) -> Iterator[Finding]:
    """Look at the inputs: their size, and padding."""
    large = where(own.largest_input > LARGEST_INPUT)
    if large:
        feature = int(np.argmax(own.largest_input))
        x = own.of("x")[:, feature]
        labels = own.trace.origin.names.get("D")
        name = f"“{labels[feature]}”" if labels else f"feature {feature}"
        text = (
            f"{name} of the input reaches {own.largest_input[feature]:,.4g} (mean {x.mean():,.4g}, "
            f"standard deviation {x.std():,.4g}), and gates want inputs of about 1."
        )
        advice = "Subtract the mean and divide by the standard deviation."
        largest = float(own.largest_input[feature])
        yield Finding("warning", "inputs", largest, LARGEST_INPUT, text, advice, large)
    sequences, longest, moved = own.padding
    if sequences:
        text = (
            f"{sequences:,} of {own.trace.sizes['B']:,} sequences end in up to {longest:,} equal "
            f"inputs, perhaps padding, and their states go on moving there, by {moved:.0%}."
        )
        yield Finding("warning", "padding", longest, 2, text, "Pass lengths, or pack them.")


def unit_findings(own: LayerNumbers) -> Iterator[Finding]:
    """Look for units that stand still, and for units that do the same."""
    H, twins = own.trace.sizes["H"], own.twins
    least = max(2.0, H / 10)
    if len(twins) >= least:
        text = f"{units_text(twins, H)} do the same as another unit, so they learn the same."
        advice = "Draw the first values at random."
        yield Finding("error", "twins", len(twins), least, text, advice, twins)
    still = where(own.spread < STILL)
    if still and own.inside.sum() >= ENOUGH:
        verb = "never changes" if len(still) == 1 else "never change"
        text = f"{units_text(still, H)} {verb} (standard deviation of h below {STILL:g})."
        level: Level = "error" if len(still) > H / 2 else "warning"
        yield Finding(level, "dead", len(still), STILL, text, "", still)


def gate_findings(own: LayerNumbers, fresh: bool) -> Iterator[Finding]:
    """Look for gates that are always open, or always shut, or a candidate at its ends."""
    H, T = own.trace.sizes["H"], own.trace.sizes["T"]
    if not own.has_shares:
        return
    frozen = where((own.open["z"] > 0.95) & (own.half_life > 2 * T))
    if frozen:
        half = steps_text(float(np.median(own.half_life[list(frozen)])))
        text = (
            f"{units_text(frozen, H)} keep the old state at nearly every time step (z above 0.9): "
            f"half of it is left after {half} time steps, and a sequence has {T:,}."
        )
        level: Level = "error" if len(frozen) > H / 2 else "note"
        yield Finding(level, "frozen", len(frozen), H / 2, text, "", frozen)
    forgetful = where(own.shut["z"] > 0.95)
    if len(forgetful) > H / 2:
        text = f"{units_text(forgetful, H)} keep nothing (z below 0.1), as in a plain RNN."
        yield Finding("note", "forgets", len(forgetful), H / 2, text, "", forgetful)
    shares = {gate: float((own.open[gate] + own.shut[gate]).mean()) for gate in "rz"}
    candidate = float(own.saturated_candidate.mean())
    if fresh and (shares["r"] > 0.2 or candidate > 0.2):
        value = max(shares["r"], candidate)
        text = (
            f"before any training r is below 0.1 or above 0.9 in {shares['r']:.0%} of all cases, "
            f"and n within 0.01 of its ends in {candidate:.0%}: their slopes are small there."
        )
        advice = "Use smaller first values or smaller inputs."
        yield Finding("warning", "saturated at first", value, 0.2, text, advice)
    elif not fresh and (shares["r"] + shares["z"]) / 2 > 0.6:
        value = (shares["r"] + shares["z"]) / 2
        text = (
            f"gates are below 0.1 or above 0.9 in {value:.0%} of all cases: usual late in a "
            "training, and slow to learn from."
        )
        yield Finding("note", "sharp gates", value, 0.6, text)


def memory_findings(own: LayerNumbers, fresh: bool) -> Iterator[Finding]:
    """Say how long the layer remembers, and how far a gradient reaches back."""
    T, half = own.trace.sizes["T"], own.half_life
    text = (
        f"half of a state is left after {steps_text(half.min())} to {steps_text(half.max())} time "
        f"steps, {steps_text(np.median(half))} at the median."
    )
    if own.has_shares:
        yield Finding("note", "memory", float(np.median(half)), float(T), text)
    grown = float(own.sent_back.max())
    if grown > GROWN:
        text = f"a gradient grows {grown:,.3g}-fold on its way back through {T:,} time steps."
        advice = "Clip the gradient norm, or use smaller recurrent weights."
        yield Finding("error", "exploding", grown, GROWN, text, advice)
    elif own.reach < T / 4:
        text = (
            f"a gradient shrinks to a tenth within {own.reach:,} time steps; a sequence has {T:,}. "
            "That is enough where the task asks for no longer memory."
        )
        yield Finding("note", "reach", own.reach, T / 4, text)
        if fresh and own.has_shares:
            text = (
                f"at first half of a state is forgotten in {np.median(half):,.1f} time steps; "
                f"adding up to ln {T:,} = {np.log(T):.1f} to the bias of z makes the layer "
                "remember (Tallec and Ollivier 2018)."
            )
            yield Finding("note", "first bias", float(np.median(half)), T / 4, text)
    longer = where(half > T)
    if longer and own.has_shares:
        text = f"{units_text(longer, len(half))} remember longer than a sequence lasts."
        yield Finding("note", "longer than the sequence", len(longer), 0, text, "", longer)


def gradient_findings(own: LayerNumbers) -> Iterator[Finding]:
    """Look for gradients that do not arrive."""
    gradient = own.unit_gradient
    if gradient is None:
        return
    if not gradient.any():
        yield Finding("error", "no gradient", 0.0, 0.0, "no gradient reaches the layer.")
        return
    median = float(np.median(gradient))
    least = where(gradient < UNLEARNING * median)
    if least:
        verb = "gets" if len(least) == 1 else "get"
        text = (
            f"{units_text(least, len(gradient))} {verb} less than 1/10,000 of the median unit's "
            "gradient."
        )
        value = float(gradient[list(least)].max() / median)
        yield Finding("warning", "unlearning", value, UNLEARNING, text, "", least)


def steps_text(steps: float) -> str:
    """Return a number of time steps, such as "1.3" or "2.1e+08"."""
    return f"{steps:,.1f}" if steps < 10_000 else f"{steps:.2g}"


def where(found: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the places at which something holds."""
    return tuple(map(int, np.flatnonzero(found)))
