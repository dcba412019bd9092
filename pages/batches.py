"""Batches: which tokens go in, and what should come out."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.batch_stories import batch_rows, batch_words


def body(page: Page) -> None:
    """Show the windows, the shift by one, the triangle of next-token pairs."""
    page.tell(batch_words(page.run))
    page.choose_sequence()
    page.tell(batch_rows(page.run, page.sequence))


show_chapter("batches", body)
