"""The rows of the living picture."""

import json

import pytest

from explainer import PRESETS, run
from explainer.stage.chapters import CHAPTERS
from explainer.stage.payload import payload
from explainer.stage.picture import PICTURE, picture_of


def test_every_row_leads_to_a_chapter():
    assert {row.slug for row in PICTURE} <= {chapter.slug for chapter in CHAPTERS}


@pytest.mark.parametrize("preset", PRESETS)
def test_rows_hold_what_the_run_has(preset):
    result = run(PRESETS[preset])
    rows = picture_of({**result.trace.quantities, **result.update.quantities}, dropout=False)
    sent = json.loads(payload(result, (), rows)["meta"])
    assert [row["title"] for row in sent["picture"]] == [row.title for row in rows]
    for row in rows:
        assert set(row.names) | set(row.weights) <= set(sent["quantities"]), row.title


def test_dropout_has_a_row_only_where_something_is_dropped():
    names = run(PRESETS["start"]).trace.quantities
    with_dropout = {row.slug for row in picture_of(names, dropout=True)}
    assert with_dropout - {row.slug for row in picture_of(names, dropout=False)} == {"dropout"}
