"""The colours of scales and names stay apart, for the colour-blind too."""

from itertools import combinations

import pytest
from colour_vision import BLINDNESS, apart

from explainer.plots.colours import HUES, SCALES


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_ends_of_a_scale_stay_apart(theme, blindness):
    for kind, scale in SCALES[theme].items():
        assert apart(scale[0][1], scale[-1][1], blindness) > 25, kind


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_stay_apart(theme, blindness):
    """A name says what its hue says, so less will do than for a scale; 2.3 is just noticeable."""
    near = {
        f"{a} {b}": apart(HUES[theme][a], HUES[theme][b], blindness)
        for a, b in combinations(HUES[theme], 2)
    }
    assert min(near.values()) > LEAST_APART, near


LEAST_APART = 3
