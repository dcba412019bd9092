"""Shared by all tests: how far hypothesis searches, the sources' printed numbers, three runs."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from explainer import PRESETS, run

# The same examples every time, shown as found. `pytest --hypothesis-profile=search` looks further
# and makes a failing example small, which can take minutes.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search",
    settings.get_profile("steady"),
    derandomize=False,
    max_examples=500,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def golden():
    """The numbers that the sources print, by the name of the source's file."""
    folder = Path(__file__).parent / "golden"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


@pytest.fixture(scope="session")
def math_run():
    """The matrices tutorial: reset before, one-hot input."""
    return run(PRESETS["math"])


@pytest.fixture(scope="session")
def linear_algebra_run():
    """The explainer notebook: reset after, embedding, dropout, constants."""
    return run(PRESETS["linear_algebra"])


@pytest.fixture(scope="session")
def start_run():
    """What an empty link shows."""
    return run(PRESETS["start"])
