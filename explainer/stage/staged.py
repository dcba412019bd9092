"""What stands on the stage of a chapter, and what the stage is sent for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explainer.engine.batch_run import Run
from explainer.engine.layer_trace import LayerRun
from explainer.engine.quantity import Quantity
from explainer.stage.chapters import HOME, Chapter, staged_beside
from explainer.stage.lanes import derive
from explainer.stage.payload import payload
from explainer.stage.picture import picture_of
from explainer.stage.scene import LaneSpec, Scene
from explainer.url import view_table


def staged(
    run: Run | LayerRun,
    chapter: Chapter,
    lanes: tuple[LaneSpec, ...],
    without: str = "",
    pairs: Sequence[str] = (),
    linked: bool = True,
    **also: Any,
) -> dict[str, Any]:
    """Return what the stage of a chapter is sent.

    Args:
        run: its numbers.
        chapter: gives slug, and which way time runs.
        lanes: what stands on the stage.
        without: a quantity that is too large to be computed.
        pairs: what may be compared at one click.
        linked: whether the address says what is shown.
        also: goes into the description as it is.
    """
    quantities = quantities_on(run, without)
    scene = scene_on(run, lanes, without)
    shown = [name for lane in scene for name in lane.names]
    dropped = "dropout" in run.trace and bool(run.trace["dropout"] > 0)
    return payload(
        run,
        scene,
        picture_of(quantities, dropped) if chapter is HOME else (),
        over_time=tuple(name for name in chapter.over_time if name in quantities),
        slug=chapter.slug,
        linked=linked,
        timed=chapter.timed,
        backwards=chapter.backwards,
        learning=chapter.learning and not isinstance(run, LayerRun),
        ranking=chapter.ranking and "p" in run.trace,
        wired=chapter.wired,
        beside=staged_beside(chapter),
        contributions=next((n for n in shown if n.startswith("d_") and n.endswith("_t")), ""),
        address=view_table(),
        pairs=pairs,
        **also,
    )


def scene_on(run: Run | LayerRun, lanes: tuple[LaneSpec, ...], without: str = "") -> Scene:
    """Return what stands on a stage; arguments as for `staged`."""
    quantities = quantities_on(run, without)
    if isinstance(run, LayerRun):  # the gradient that arrives at a layer is given
        given = [name for name, q in quantities.items() if q.function is None]
        lanes = tuple(lane.given_first(given) for lane in lanes)
    return derive(lanes, quantities)


def quantities_on(run: Run | LayerRun, without: str) -> dict[str, Quantity]:
    """Return the quantities of a run but for one, by name."""
    quantities = {**run.update.quantities, **run.trace.quantities}
    quantities.pop(without, None)
    return quantities
