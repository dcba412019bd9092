"""Through time: what the cell keeps, and for how long."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.state_stories import time_story


def body(page: Page) -> None:
    """Show r, z, n and h of one sequence over all time steps."""
    page.tell(time_story(page.run, page.sequence))


show_chapter("time", body)
