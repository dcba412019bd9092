"""Embedding: how a token becomes a vector."""

from explainer.panels import Panel
from explainer.tables import labels
from explainer.views.page import Page, show


def body(page: Page) -> None:
    """Show the lookup, and that it is a one-hot row times the matrix."""
    batch, trace = page.run.batch, page.trace
    token = int(batch.ids[page.sequence, page.t])
    page.formula("e")
    one_hot = page.panel("one_hot", f"one-hot row of id {token}")
    if not page.has("E"):
        page.say(
            "Without an embedding, the input *is* the one-hot row: as many features as there are "
            "tokens, a 1 at the token's own. A weight matrix times such a row picks one of its "
            "columns, so the first weights of the cell do the work of an embedding."
        )
        page.matrices("one-hot", [one_hot], alt="the one-hot row of the current token")
        page.over_time("e")
        return
    page.say(
        "The embedding is a matrix with one row for each token. Looking up row *id* gives the "
        "same numbers as multiplying the one-hot row with the matrix: every other row is "
        "multiplied by 0."
    )
    E = page.panel("E")
    row = Panel("E", f"row {token} of E", trace["E"][token : token + 1], [""], E.columns, E.limit)
    page.matrices("lookup", [one_hot], [row, page.panel("e")], alt="one-hot row, row of E, and e")
    page.say("The whole matrix, the current row framed:")
    marked = Panel(
        "E", "Eᵀ", E.value.T, E.columns, labels("V", len(batch.vocabulary), batch), E.limit, token
    )
    page.matrices("E", [marked], alt="the embedding matrix, one column for each token")
    page.over_time("e")
    if page.run.settings.initial == "constant":
        page.note(
            "The notebook starts with an embedding of ones, so every token looks the same to the "
            "cell. Choose other initial values under *More settings* to tell them apart."
        )


show("embedding", body)
