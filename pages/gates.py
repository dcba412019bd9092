"""What gates are for: three tasks, each learned by a GRU and by a network without gates."""

from explainer.app.page import Page, show_chapter
from explainer.app.panels.gates_panel import tasks


def body(page: Page) -> None:
    """Train both networks on a task, and measure their gates."""
    page.text(
        "A lecture names three wishes that gates should fulfil: **store** something early for "
        "later, **skip** what means nothing, **reset** where something new begins. Here each wish "
        "is a small task, made by the program from a seed. "
        "A GRU and an ordinary tanh network with as many units are trained on it for a few "
        "seconds; only their last state answers. What the gates then do is shown and *measured*, "
        "and may come out against the wish."
    )
    page.note(
        "These networks have nothing to do with the settings at the left. They are trained with "
        "PyTorch's own modules (Adam, autograd), and 2 is added to the update gate's initial bias, "
        "so that a GRU begins with keeping; their gates are computed by the equations of this app."
    )
    tasks(page)
    page.text(
        "Over ten seeds, the GRU solved *store* and *skip* at length 40 nine and ten times, the "
        "ordinary network once and never. *Reset* it solved each time, at every length tried: that "
        "wish needs no gates here. The table, with how it was made, is in `docs/tasks.md`."
    )


show_chapter("gates", body)
