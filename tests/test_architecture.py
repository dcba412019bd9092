"""How the sources hang together: who imports whom, how long files are, what an equation may be."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import explainer
from explainer.engine.quantity import equation, solve
from explainer.stage.script import WEB

ROOT = Path(__file__).parent.parent
PACKAGE = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted((ROOT / "explainer").rglob("*.py"))
}
PAGES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted([*ROOT.glob("app.py"), *ROOT.glob("pages/*.py")])
}
SOURCES = PACKAGE | PAGES


def imports(path, everywhere=True):
    """Full names of what a file imports: at its top level only, or everywhere but for types."""
    names = []
    waiting = list(ast.parse(path.read_text("utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif everywhere or not isinstance(node, ast.FunctionDef):
            waiting += [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.stmt)]
    return names


def source_of(name):
    """The source that an imported name comes from."""
    while name and name not in SOURCES and f"{name}.__init__" not in SOURCES:
        name = name.rpartition(".")[0]
    return name


FOLDERS = [
    "",
    "engine",
    "explanation",
    "interop",
    "analysis",
    "export",
    "plots",
    "stage",
    "app",
    "pages",
]
"""The layout: a folder imports only from itself and from those before it."""


def height(name):
    """How far down the layout a source stands."""
    parts = name.split(".")
    if parts[0] != "explainer":
        return FOLDERS.index("pages")
    return FOLDERS.index(parts[1] if len(parts) > 2 else "")


@pytest.mark.parametrize("name", list(SOURCES))
def test_a_folder_imports_only_from_those_above_it(name):
    for other in map(source_of, imports(SOURCES[name])):
        if other and other != "explainer":
            assert height(other) <= height(name), f"{name} imports {other}"
        assert other != "explainer" or name in PAGES, f"{name} imports the package"


def test_imports_make_no_circle():
    below = {n: set(map(source_of, imports(p))) - {"", n} for n, p in SOURCES.items()}
    done = set()

    def follow(name, way):
        assert name not in way, " → ".join([*way, name])
        for other in below.get(name, set()) - done:
            follow(other, [*way, name])
        done.add(name)

    for name in below:
        follow(name, [])


def test_no_two_modules_have_one_name():
    names = [name.rpartition(".")[2] for name in PACKAGE if not name.endswith("__init__")]
    assert sorted(names) == sorted(set(names))


def test_a_name_means_one_thing():
    """A function or a class has its own name; equations have their tensors', in every cell."""
    found = {}
    for module, path in PACKAGE.items():
        if not module.startswith("explainer.engine.equations."):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found.setdefault(node.name, []).append(module)
    dunder = re.compile("__.*__")
    assert not {n: m for n, m in found.items() if len(m) > 1 and not dunder.fullmatch(n)}


@pytest.mark.parametrize("name", list(SOURCES))
def test_only_pages_and_the_app_know_streamlit(name):
    knows = {imported.split(".")[0] for imported in imports(SOURCES[name])}
    allowed = name in PAGES or name.startswith("explainer.app.")
    assert allowed or "streamlit" not in knows


@pytest.mark.parametrize(
    "name",
    [
        *("settings", "presets", "url", "tokenizer", "batches"),
        *("engine.quantity", "engine.trace", "stage.chapters", "stage.scene"),
        *("plots.colours", "plots.charts", "plots.tables"),
    ],
)
def test_needs_no_torch_to_be_imported(name):
    name = f"explainer.{name}"
    assert name in PACKAGE, f"{name} is missing"
    seen, waiting = set(), [name]
    while waiting:
        source = waiting.pop()
        seen.add(source)
        for imported in imports(PACKAGE[source], everywhere=False):
            assert imported.split(".")[0] != "torch", f"{name} needs torch by way of {source}"
            other = source_of(imported)
            if other in PACKAGE and other not in seen:  # the package itself is not followed
                waiting.append(other)


def test_menu_and_pictures_do_not_wait_for_torch():
    code = (
        "from explainer import PRESETS, Settings\n"
        "from explainer.stage import chapters, scene\n"
        "from explainer.plots import charts, tables\n"
        "import sys; print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert {"explainer.plots.charts", "explainer.plots.tables"} <= set(loaded)
    assert not {"torch", "streamlit"} & set(loaded)


def test_the_public_names_can_be_imported():
    assert set(explainer.__all__) >= {"PRESETS", "Settings", "run", "train", "explain"}
    for name in explainer.__all__:
        assert getattr(explainer, name).__doc__
    with pytest.raises(AttributeError, match=r"no 'runn'; it has .*run"):
        _ = explainer.runn


@pytest.mark.parametrize("name", list(PACKAGE))
def test_no_file_is_longer_than_300_lines(name):
    assert len(PACKAGE[name].read_text("utf-8").splitlines()) <= 300


def test_no_script_of_the_stage_is_longer_than_300_lines():
    scripts = {file.name: file.read_text("utf-8").splitlines() for file in WEB.glob("*.js")}
    assert {name for name, lines in scripts.items() if len(lines) > 300} == set()


@pytest.mark.parametrize("name", list(SOURCES))
def test_nothing_runs_text_or_shows_it_unescaped(name):
    source = SOURCES[name].read_text("utf-8")
    dangers = ("unsafe_allow_html", "import pickle", r"pickle\.load", "Unpickler")
    for danger in (*dangers, r"(?<![\w.])eval\(", r"(?<![\w.])exec\("):
        assert not re.search(danger, source), danger


# Equations.


def test_an_equation_says_why_it_exists():
    def silent(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x)

    with pytest.raises(TypeError, match="'silent' has no docstring; say why it exists"):
        equation(symbol="s", dims="B")(silent)


def test_an_equation_that_can_not_be_read_says_what_is_possible():
    def unread(x: torch.Tensor) -> torch.Tensor:
        """Turned."""
        return torch.sin(x)

    sentence = r"'unread' uses .*sin.* no formula; possible: .*sigmoid.*tanh"
    with pytest.raises(TypeError, match=sentence):
        equation(symbol="u", dims="B")(unread)


X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
BODIES = {
    "a method without a formula": lambda x: x.cumsum(-1),
    "a power": lambda x: x**2,
    "a branch": lambda x: x if x.sum() > 0 else -x,
    "an item": lambda x: x[0],
    "softmax along another axis": lambda x: torch.softmax(x, 0),
    "softmax along a named axis": lambda x: torch.softmax(x, dim=0),
    "a sum along a named axis": lambda x: x.sum(dim=0),
    "a sum that keeps its axis": lambda x: x.sum(0, keepdim=True),
    "a sum along two axes": lambda x: x.sum((0, 1)),
    "a lower bound": lambda x: torch.clamp(x, min=0.0),
    "a bound of 2": lambda x: torch.clamp(x, max=2.0),
    "a constant": lambda x: 1.0,
    "a tensor of its own": lambda x: x + torch.ones(2),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_an_equation_is_read_rightly_or_refused(body):
    """A formula that says something else than the function does would be worse than none."""
    read = equation(symbol="y", dims="B D", name="y", inputs=("x",), description="To see.")
    with pytest.raises(TypeError, match=r"\w"):
        pytest.fail(f"read as {read(body).expression}")


def test_equations_are_wired_by_name():
    @equation(symbol="b", dims="")
    def b(a: torch.Tensor) -> torch.Tensor:
        """Twice."""
        return a + a

    @equation(symbol="c", dims="")
    def c(b: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """The rest."""
        return b - a

    a = torch.tensor(3.0)
    assert solve([b, c], {"a": a}) == {"b": 6.0, "c": 3.0}
    assert solve([c], {"a": a, "b": torch.tensor(10.0)}) == {"c": 7.0}  # what if b were 10?
    with pytest.raises(KeyError, match=r"'c' needs \['b'\]"):
        solve([c], {"a": a})
    assert "a + a" in b.source
    assert b.description == "Twice."


@pytest.mark.parametrize("name", [n for n in SOURCES if n.startswith("explainer.app.")])
def test_a_widget_that_has_left_is_no_error(name):
    """A callback may come when its page has been left: `get` reads what may be gone."""
    read = [
        node.lineno
        for node in ast.walk(ast.parse(SOURCES[name].read_text("utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value) == "st.session_state"
    ]
    assert not read
