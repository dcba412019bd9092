"""What a stage is sent for the settings of an address, before the server has drawn its page again.

With another hidden size only the first values must come from Python; the browser computes the rest.
So the stage asks for them while the slider still moves.
"""

from __future__ import annotations

from collections.abc import Mapping

from explainer.analysis.time_contributions import too_many
from explainer.app.cache import kept_influence, kept_stage
from explainer.app.comparison import ready_pairs
from explainer.app.current_run import kept_run, takes_long
from explainer.stage.chapters import HOME, chapter
from explainer.stage.html import parameter_of
from explainer.stage.influence_maps import influence_json
from explainer.stage.place import Place
from explainer.url import read_query, read_view
from explainer.url_edits import parse_edits, write_edits


def first_values(slug: str, query: Mapping[str, str]) -> dict[str, str]:
    """Return what the stage of a chapter is sent; nothing where its page does better.

    That is where somebody must wait for the numbers, where the address does not say them all, and
    where something is to be said about it.

    Args:
        slug: of the chapter.
        query: what its address says.

    Raises:
        ValueError: the settings can't be run, or not with these edits or about this parameter.
        KeyError: there is no such chapter.
    """
    settings, problems = read_query(query)
    view, unseen = read_view(query)
    edits, unread = parse_edits(query.get("edit", ""))
    page = chapter(slug)
    if problems or unseen or unread or settings.updates or takes_long(settings):
        return {}
    edit = write_edits(edits)
    run = kept_run(settings)
    told = kept_run(settings, edit) if edit else run
    sizes = run.trace.sizes
    place = Place(min(view.sequence, sizes["B"] - 1), min(view.t, sizes["T"] - 1))
    weight = parameter_of(page, view, run)
    backwards = page.slug == "gradients"
    if not (page.scene or page is HOME):
        return {}
    if backwards and too_many(told.trace, weight):
        return {}
    titles = tuple(pair.title for pair in ready_pairs(run, edit, place))
    lanes = tuple(lane.of(weight) for lane in page.scene)
    sent = kept_stage(run, (told, edit) if edit else None, page, lanes, "", titles)
    if sent and backwards:
        maps = kept_influence(told, edit, place.sequence, None, True)
        return {**sent, "influence": influence_json(maps, place.sequence, edit)}
    return sent
