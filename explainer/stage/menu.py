"""Where a file leads: to the files beside it, and to the app that has more."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Menu:
    """The files beside one; none for a file that stands alone.

    Attributes:
        here: title of this page.
        pages: addresses of the pages by their titles, in reading order.
        others: by what they are called together, such as "hidden size", addresses of this page in
            other networks.
        current: what this network is called there.
    """

    here: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    current: tuple[str, ...] = ()

    def as_html(self) -> str:
        """Return what stands above a page: all pages, then the other networks."""
        groups = [self.row("pages", self.pages, (self.here,))]
        groups += [
            f'<div class="others"><b>{html.escape(name)}</b>'
            f"{self.row(name, links, self.current)}</div>"
            for name, links in self.others.items()
            if len(links) > 1
        ]
        return "\n".join(filter(None, groups))

    def row(self, name: str, links: Mapping[str, str], current: tuple[str, ...]) -> str:
        """Return links beside each other; nothing where there are none."""
        items = "".join(
            f'<a href="{html.escape(href)}"{here_mark(title in current)}>{html.escape(title)}</a>'
            for title, href in links.items()
        )
        return f'<nav aria-label="{html.escape(name)}">{items}</nav>' if items else ""

    def ways(self, questions: Mapping[str, str]) -> str:
        """Return the way back and the way on, which stand below a page.

        Args:
            questions: of the pages by their titles.
        """
        titles = list(self.pages)
        if self.here not in titles:
            return ""
        i, found = titles.index(self.here), []
        for at, words in ((i - 1, "← Back: {}"), (i + 1, "Next: {} →")):
            if 0 <= at < len(titles):
                title, question = titles[at], html.escape(questions.get(titles[at], ""))
                label = words.format(f"<b>{html.escape(title)}</b>")
                aside = f" <span>{question}</span>" if at > i else ""
                found.append(f'<a href="{html.escape(self.pages[title])}">{label}{aside}</a>')
        return f'<nav class="ways" aria-label="back and on">{"".join(found)}</nav>'


def here_mark(here: bool) -> str:
    """Return the attribute of a link to the page where it stands."""
    return ' aria-current="page"' if here else ""


def about_app(link: str, app: str) -> str:
    """Return what stands below a page: what it is, and where there is more.

    Args:
        link: of this page in the app; empty where it has none.
        app: address of a server with the app; empty where none is known.
    """
    words = (
        "<b>GRU Explainer</b>: this page is a file. Your browser computes its numbers, and nothing "
        "is sent anywhere. All settings, texts and numbers of your own, training and your own "
        "network are in the app"
    )
    if app:
        at = html.escape(app.rstrip("/") + link)
        return f'{words}: <a href="{at}">this page there</a>.'
    there = f", which has this page at <code>{html.escape(link)}</code>" if link else ""
    return f"{words}; <code>python -m explainer</code> starts it{there}."
