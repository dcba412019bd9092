"""Which cases of a test run always, and which only with `make test ALL=1`."""

import pytest


def first_of(cases, *chosen):
    """Mark all cases as long but the first, or but the chosen ones; a tuple has several values."""
    short = chosen or tuple(cases)[:1]
    return [
        case
        if case in short
        else pytest.param(*(case if isinstance(case, tuple) else [case]), marks=pytest.mark.long)
        for case in cases
    ]
