"""How the sources hang together: who imports whom, how long files are, what an equation may be."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import explainer
from explainer.quantity import equation, solve

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
    """The source that an imported name comes from, `explainer.model.run` from explainer.model."""
    while name and name not in SOURCES and f"{name}.__init__" not in SOURCES:
        name = name.rpartition(".")[0]
    return name


LEVELS = {
    name: height
    for height, names in enumerate(
        (
            "settings presets links text expression quantity",
            "equations",
            "network parameters passes trace model moment training sharing sampling export"
            " influence proof examples tasks",
            "scalar formula tensor_formula explanation shares colours panels figures"
            " strip tables chapters scenes",
            "views",
        )
    )
    for name in names.split()
}


def test_every_module_has_its_height():
    assert set(LEVELS) == {name.split(".")[1] for name in PACKAGE if name.count(".")} - {"__init__"}


def level(name):
    """How high a source stands: a lower one must not import a higher one."""
    parts = name.split(".")
    if parts[0] != "explainer":
        return 5
    return LEVELS[parts[1]] if parts[1:] not in ([], ["__init__"]) else None


@pytest.mark.parametrize("name", list(SOURCES))
def test_imports_point_one_way(name):
    own = level(name)
    for imported in map(source_of, imports(SOURCES[name])):
        other = level(imported) if imported else None
        if own is not None and other is not None:
            assert other <= own, f"{name} imports {imported}"
        if other is not None and other >= 4:
            assert own is not None, f"{name} imports {imported}"
            assert own >= 4, f"{name} imports {imported}"
        assert imported != "explainer" or own is None or own >= 3, f"{name} imports the package"


def test_imports_make_no_circle():
    below = {n: {source_of(i) for i in imports(p, everywhere=False)} for n, p in SOURCES.items()}

    done = set()

    def follow(name, way):
        assert name not in way, " → ".join([*way, name])
        for other in below.get(name, set()) - {"", name, "explainer"} - done:
            follow(other, [*way, name])
        done.add(name)

    for name in below:
        follow(name, [])


@pytest.mark.parametrize("name", list(SOURCES))
def test_only_pages_and_views_know_streamlit(name):
    knows = {imported.split(".")[0] for imported in imports(SOURCES[name])}
    allowed = name in PAGES or name.startswith("explainer.views.")
    assert allowed or "streamlit" not in knows


@pytest.mark.parametrize(
    "name",
    [
        *("quantity", "settings", "text", "presets", "trace"),
        *("chapters", "scenes", "colours", "figures", "tables"),
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
    modules = "quantity, settings, text, presets, trace, chapters, figures, tables"
    code = f"from explainer import PRESETS, Settings, {modules}; import sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert {"explainer.figures", "explainer.tables"} <= set(loaded)
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


@pytest.mark.parametrize("name", list(SOURCES))
def test_nothing_runs_text_or_shows_it_unescaped(name):
    source = SOURCES[name].read_text("utf-8")
    for danger in ("unsafe_allow_html", "pickle", r"(?<![\w.])eval\(", r"(?<![\w.])exec\("):
        assert not re.search(danger, source), danger


# Equations.


def test_an_equation_says_why_it_exists():
    def silent(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x)

    with pytest.raises(TypeError, match="'silent' has no docstring; say why it exists"):
        equation(symbol="s", dims="B")(silent)


def test_an_equation_that_can_not_be_read_says_what_is_possible():
    def unread(x: torch.Tensor) -> torch.Tensor:
        """Rectified."""
        return torch.relu(x)

    sentence = r"'unread' uses .*relu.* no formula; possible: .*sigmoid.*tanh"
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
    read = equation(symbol="y", dims="B D", name="y", needs=("x",), why="To see.")
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
    assert b.why == "Twice."
