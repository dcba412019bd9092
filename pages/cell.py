"""The cell: each gate's matrices at one time step."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.state_stories import cell_story


def body(page: Page) -> None:
    """Show reset gate, update gate, candidate and new state."""
    page.tell(cell_story(page.run, page.sequence))


show_chapter("cell", body)
