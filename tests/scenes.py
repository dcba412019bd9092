"""What each chapter puts on the stage."""

from explainer.analysis.time_contributions import too_many
from explainer.stage.chapters import CHAPTERS, chapter
from explainer.stage.lanes import derive
from explainer.url import VIEW

STAGED = [c.slug for c in CHAPTERS if c.scene]


def written_scene(slug, result, parameter=None):
    """The lanes as a chapter writes them, with a parameter chosen if it asks for one."""
    page = chapter(slug)
    return [lane.of(chosen_by(slug, parameter)) for lane in page.scene], page.wired


def chosen_by(slug, parameter=None):
    """The parameter that a chapter's scene is about."""
    return parameter or VIEW["parameter" if slug == "update" else "weight"].default


def quantities_of(result):
    """Everything that a run has computed, by name."""
    return {**result.update.quantities, **result.trace.quantities}


def scene_of(slug, result, parameter=None):
    """The lanes of a chapter, and whether wires connect them."""
    lanes, wired = written_scene(slug, result, parameter)
    quantities = quantities_of(result)
    if too_many(result.trace, chosen_by(slug, parameter)):
        del quantities[f"d_{chosen_by(slug, parameter)}_t"]
    return derive(lanes, quantities), wired
