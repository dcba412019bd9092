"""A part that nobody has touched is sent again, and is what it would be if it were made anew."""

import random
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explainer.app import chapter_page, more_settings

APP = str(Path(__file__).parent.parent / "app.py")


@pytest.fixture
def made(monkeypatch):
    """How many settings and how many parts at the end of a page were made."""
    counts = {"settings": 0, "parts": 0}

    def counted(name, make):
        def count(*args):
            counts[name] += 1
            return make(*args)

        return count

    settings = counted("settings", more_settings.setting_widget)
    monkeypatch.setattr(more_settings, "setting_widget", settings)
    monkeypatch.setattr(chapter_page, "unfolding", counted("parts", chapter_page.unfolding))
    return counts


def visit(slug="cell", **query):
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update(query)
    return at.switch_page(f"pages/{slug}.py").run()


def elements(at):
    """All that stands on a page, from the first to the last."""
    assert not at.exception, at.exception[0].value
    return [
        (part, node.type, getattr(node, "proto", None))
        for part in (at.sidebar, at.main)
        for node in part
        if node.type != "unknown"
    ]


def test_only_what_was_touched_is_made_again(made):
    at = visit()
    everything = dict(made)
    assert everything["settings"] > 25
    assert everything["parts"] == 4
    at.select_slider(key="hidden_size").set_value(7).run()
    at.select_slider(key="learning_rate").set_value(0.5).run()
    assert made == everything
    at.number_input(key="seed").set_value(3).run()
    assert made["settings"] == 2 * everything["settings"]
    assert made["parts"] == everything["parts"]
    at.select_slider(key="hidden_size").set_value(8).run()
    assert made["settings"] == 2 * everything["settings"]
    at.switch_page("pages/loss.py").run()
    assert made["settings"] == 3 * everything["settings"]
    assert made["parts"] == 2 * everything["parts"]


def test_what_is_open_shows_the_run_of_now():
    at = visit(**{"open-number": "true", "t": "1"})
    at.selectbox(key="open-first pass").set_value("h").run()
    before = [code.value for code in at.code]
    at.select_slider(key="hidden_size").set_value(3).run()
    assert [code.value for code in at.code] != before


def test_a_value_from_the_server_is_sent_once(made):
    """Sent again, it would take back what the user writes meanwhile."""
    at = visit(seed="5")
    at.number_input(key="seed").set_value(9).run()
    at.button(key="back-to-preset").click().run()
    drawn = made["settings"]
    assert any(widget.proto.set_value for widget in at.number_input if widget.key == "seed")
    at.select_slider(key="hidden_size").set_value(7).run()
    assert made["settings"] > drawn
    assert not any(getattr(widget.proto, "set_value", False) for widget in at.sidebar.number_input)
    assert at.number_input(key="seed").value == 1


def test_sessions_in_which_all_is_alike_share_what_was_sent():
    one, other, another = visit(), visit(), visit(seed="3").run()
    sent = [at.session_state["session"].drawings["settings"].sent for at in (one, other, another)]
    assert sent[0] is sent[1]
    assert sent[0] is not sent[2]


CHANGES = (
    lambda at: at.select_slider(key="hidden_size").set_value(6),
    lambda at: at.select_slider(key="hidden_size").set_value(9),
    lambda at: at.select_slider(key="learning_rate").set_value(2.0),
    lambda at: at.number_input(key="seed").set_value(4),
    lambda at: at.number_input(key="batch_index").set_value(1),
    lambda at: at.radio(key="variant").set_value("reset_before"),
    lambda at: at.toggle(key="training").set_value(False),
    lambda at: at.text_input(key="edit").set_value("W_hz.0.1:0.5"),
    lambda at: at.text_input(key="edit").set_value("nothing"),
    lambda at: at.text_input(key="find-setting").set_value("seed"),
    lambda at: at.text_input(key="find-setting").set_value(""),
    lambda at: at.text_area(key="text").set_value("to be or not to be, that is it"),
    lambda at: at.selectbox(key="preset").set_value("math"),
    lambda at: at.selectbox(key="preset").set_value("your_text"),
    lambda at: at.selectbox(key="preset").set_value("start"),
    lambda at: at.button(key="back-to-preset").click(),
    lambda at: at.switch_page("pages/loss.py"),
    lambda at: at.switch_page("pages/cell.py"),
)


@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_page_is_what_it_would_be_if_all_of_it_were_made_anew(number):
    rng = random.Random(number)
    kept, anew = visit(), visit()
    for _ in range(40):
        change = rng.choice(CHANGES)
        anew.session_state["session"].drawings.clear()
        pages = [elements(change(at).run()) for at in (kept, anew)]
        sent, made = ([(kind, str(proto)) for _, kind, proto in page] for page in pages)
        assert sent == made
