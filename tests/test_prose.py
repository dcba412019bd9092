"""What the chapters say: the same in the app and in files, and a user's text in it stays text."""

import pytest

from explainer.stage.prose.inline_markup import escape_markdown, markdown_as_html


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("a **b** and *c*, `d*e*`", "a <b>b</b> and <i>c</i>, <code>d*e*</code>"),
        ("**two *in one* here**", "<b>two <i>in one</i> here</b>"),
        ("*The cell* <i>", '<a href="cell.html">The cell</a> &lt;i&gt;'),
        ("[a *b*](https://x.org/?a=1&b)", '<a href="https://x.org/?a=1&amp;b">a <i>b</i></a>'),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("`a", "`a"),
    ],
)
def test_a_sentence_becomes_markup_of_few_kinds(markdown, found):
    assert markdown_as_html(markdown, {"The cell": "cell.html"}) == found


@pytest.mark.parametrize(
    "text",
    ["**bold** `code`", "<script>*x*</script>", "[a](https://b.org)", "www.a.org -> a@b :x: \\*"],
)
@pytest.mark.parametrize("around", ["{}", "**{}**", "*{}*"])
def test_an_escaped_text_is_shown_as_it_is(text, around):
    shown = markdown_as_html(around.format(escape_markdown(text)))
    for mark in ("<b>", "</b>", "<i>", "</i>"):
        shown = shown.replace(mark, "")
    assert shown.replace("&lt;", "<").replace("&gt;", ">") == text
