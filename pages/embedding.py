"""Embedding: how a token becomes a vector."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.input_stories import embedding_story


def body(page: Page) -> None:
    """Show the lookup, and that it is a one-hot row times the matrix."""
    page.tell(embedding_story(page.run, page.sequence))


show_chapter("embedding", body)
