"""Train the small forecaster that *Your network* opens on: numbers in, no text.

Run it once: `python tests/make_forecaster.py`. The series is made here: a daily temperature with
its yearly wave, weather that lasts some days, and the season as two more features.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

DATA = Path(__file__).parent.parent / "explainer" / "data"
DAYS, H = 24, 8


def series(days: int, generator: np.random.Generator) -> np.ndarray:
    """Return (days, 4): temperature, season as sine and cosine, tomorrow's temperature."""
    day = np.arange(days + 1) + generator.integers(365)
    weather = np.zeros(days + 1)
    for i in range(1, days + 1):
        weather[i] = 0.8 * weather[i - 1] + 0.35 * generator.normal()
    season = 2 * np.pi * day / 365
    temperature = np.sin(season) + weather
    table = np.stack([temperature, np.sin(season), np.cos(season)], 1)[:-1]
    return np.concatenate([table, temperature[1:, None]], 1).round(3)


def main() -> None:
    """Train, and write weights and numbers."""
    generator = np.random.default_rng(7)
    torch.manual_seed(7)
    gru, head = nn.GRU(3, H, batch_first=True), nn.Linear(H, 1)
    optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(600):
        batch = torch.tensor(
            np.stack([series(DAYS, generator) for _ in range(32)]), dtype=torch.float32
        )
        loss = ((head(gru(batch[..., :3])[0])[..., 0] - batch[..., 3]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    as_today = ((batch[..., 0] - batch[..., 3]) ** 2).mean()
    sys.stdout.write(f"loss {loss:.4f}; tomorrow as today {as_today:.4f}\n")
    state = {f"rnn.{n}": p for n, p in gru.state_dict().items()}
    state |= {f"head.{n}": p for n, p in head.state_dict().items()}
    save_file({n: p.contiguous() for n, p in state.items()}, DATA / "forecaster.safetensors")
    rows = ["sequence,temp,sin day,cos day,target"]
    for place in ("Oslo", "Rome", "Quito", "Perth"):
        rows += [f"{place},{','.join(map(str, row))}" for row in series(DAYS, generator).tolist()]
    (DATA / "forecaster.csv").write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
