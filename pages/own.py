"""Your network: open a GRU that was trained elsewhere."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.app.panels.own_panel import own_panel


def body(page: Page) -> None:
    """Show a network of the user's own: what stands out, then every number."""
    page.text(
        "A GRU that was trained elsewhere, on numbers of your own: what stands out first, then "
        "every number in it, to open and to change. The settings in the sidebar matter for the "
        "network of the other pages alone."
    )
    own_panel()


show_chapter("own", body)
