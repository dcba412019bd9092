"""Prediction: which token the network expects next."""

from explainer.app.chapter_page import show_chapter
from explainer.app.page import Page
from explainer.stage.prose.state_stories import prediction_story


def body(page: Page) -> None:
    """Show the way from the state to probabilities, and the likeliest tokens."""
    page.tell(prediction_story(page.run, page.sequence))


show_chapter("prediction", body)
