"""What the stage and the charts both show, so that their times can be compared."""

from dataclasses import replace

from explainer import PRESETS

WIDE = replace(
    PRESETS["story"],
    context_length=35,
    batch_size=1,
    hidden_size=8,
    input="embedding",
    embedding_size=8,
)
"""35 time steps of 8 × 8 matrices."""
CHARTS = (
    *("W_ir", "W_hr", "W_iz", "W_hz", "W_in", "W_hn"),
    *("x", "h_prev", "r", "z", "n", "h"),
)
"""Twelve matrices of the cell."""
