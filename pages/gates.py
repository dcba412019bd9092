"""What gates are for: three tasks, each learned by a GRU and by a network without gates."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.app.panels.gates_panel import tasks


def body(page: Page) -> None:
    """Train both networks on a task, and measure their gates."""
    page.text(
        "Gates have three jobs: **store** something early for later, **skip** what carries no "
        "meaning, **reset** where something new begins. Here each job is a small task, generated "
        "from a seed. A GRU and an ordinary tanh RNN with as many units train on it for a few "
        "seconds; they answer from their last state alone. What the gates then do is shown and "
        "*measured*: it may not be what one expects."
    )
    tasks(page)
    page.text(
        "Over ten seeds at length 40, the GRU solved *store* nine times and *skip* ten times; the "
        "ordinary RNN solved them once and never. It solved *reset* every time, at every length "
        "tried: that job needs no gates here. Each network had 300 updates and was "
        "asked 1,000 fresh questions; to measure one yourself, choose the length and another seed, "
        "and press *train both*."
    )
    page.note(
        "These networks do not depend on the settings in the sidebar. They are PyTorch's own "
        "modules, trained with Adam and autograd. The update gate's bias starts 2 higher, so that "
        "the GRU begins by keeping its state. Their gates are computed by this app's equations."
    )


show_chapter("gates", body)
