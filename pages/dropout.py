"""Dropout: what it does to the numbers."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.input_stories import dropout_story


def body(page: Page) -> None:
    """Show mask and survivors on the input and on the hidden states."""
    page.tell(dropout_story(page.run, page.sequence))


show_chapter("dropout", body)
