"""Loss: how wrong the prediction is, as one number."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.loss_stories import loss_story


def body(page: Page) -> None:
    """Show the three terms of cross-entropy and their mean."""
    page.tell(loss_story(page.run, page.sequence))


show_chapter("loss", body)
