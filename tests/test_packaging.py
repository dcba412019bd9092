"""The wheel: what is in it, and that it works where only what it asks for is installed.

Nothing is downloaded: a new environment is given, of what is installed here, exactly what the
wheel's own metadata asks for, and pip then installs the wheel without an index.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from playwright.sync_api import expect
from serve import ROOT, serve

import explainer
from explainer import PRESETS, run

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HEAVY = ("streamlit", "plotly", "pandas", "cachetools")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the means that are here."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder)
    pip("wheel", *build, ROOT)
    return next(folder.glob("*.whl"))


def pip(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pip", *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def needed(requirements, extras=frozenset()):
    """Names of all distributions that requirements lead to, here."""
    names, waiting = set(), [(Requirement(r), extras) for r in requirements]
    while waiting:
        requirement, extras = waiting.pop()
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            continue
        name = canonicalize_name(requirement.name)
        if name not in names:
            names.add(name)
            more = distribution(name).requires or []
            waiting += [(Requirement(r), requirement.extras) for r in more]
    return names


def install(wheel, folder, extra=""):
    """A Python that has the wheel, what it needs, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    say = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", say], text=True).strip())
    wants = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"].get(extra, [])]
    for name in needed(wants):
        here = distribution(name)
        for top in {file.parts[0] for file in here.files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(here.locate_file(top))
    what = f"{wheel}[{extra}]" if extra else str(wheel)
    pip("--python", python, "install", "--no-index", "--no-compile", what)
    return python


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    return install(wheel, tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def with_app(wheel, tmp_path_factory):
    return install(wheel, tmp_path_factory.mktemp("app"), "app")


def test_the_wheel_has_all_files(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "explainer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"explainer/py.typed", "explainer/data/story.txt"} <= files <= names
    scripts = {f"explainer/streamlit_app/{name}" for name in ("app.py", ".streamlit/config.toml")}
    scripts |= {f"explainer/streamlit_app/pages/{path.name}" for path in ROOT.glob("pages/*.py")}
    assert scripts <= names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "docs"))]


def test_the_package_needs_no_app(bare, tmp_path):
    code = """
import importlib.util, json, sys
from explainer import PRESETS, explain, run
result = run(PRESETS["start"])
print(json.dumps({
    "loss": float(result.trace["loss"]),
    "text": explain(result.trace, "z", (0, 2, 1)).numbers,
    "found": [name for name in sys.argv[1:] if importlib.util.find_spec(name)],
    "from": sys.modules["explainer"].__file__,
}))
"""
    said = json.loads(subprocess.check_output([bare, "-c", code, *HEAVY], cwd=tmp_path, text=True))
    assert said["loss"] == float(run(PRESETS["start"]).trace["loss"])
    assert said["text"].startswith("z[0,2,1] = σ(")
    assert not said["found"]
    assert Path(said["from"]).is_relative_to(bare.parent.parent)


def test_without_streamlit_the_app_says_what_to_install(bare, tmp_path):
    done = subprocess.run([bare, "-m", "explainer"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == ("The app needs Streamlit and more: pip install 'gru-explainer[app]'.\n")


def test_type_checkers_and_python_see_the_same_names():
    stub = ast.parse((ROOT / "explainer" / "__init__.pyi").read_text("utf-8"))
    *imports, listed = stub.body
    assert sorted(ast.literal_eval(listed.value)) == explainer.__all__
    assert sorted(alias.name for i in imports for alias in i.names) == explainer.__all__


@pytest.mark.long
@pytest.mark.page
def test_every_page_runs_from_the_wheel(with_app, tmp_path):
    code = """
import explainer
from pathlib import Path
from streamlit.testing.v1 import AppTest
script = Path(explainer.__file__).parent / "streamlit_app" / "app.py"
app = AppTest.from_file(str(script), default_timeout=120).run()
for page in sorted(script.parent.glob("pages/*.py")):
    app.switch_page(f"pages/{page.name}").run()
    print(page.stem, [e.message for e in app.exception], app.title[0].value)
"""
    said = subprocess.check_output([with_app, "-c", code], cwd=tmp_path, text=True)
    lines = said.splitlines()
    assert len(lines) == len(list(ROOT.glob("pages/*.py")))
    assert all(" [] " in line for line in lines), said


def test_nothing_imports_the_compiler_of_pytorch():
    """It takes seconds, and fails where there is no folder for temporary files."""
    code = """
import sys
from explainer import PRESETS, run
from explainer.analysis.checks import verify
from explainer.analysis.tasks import TASKS, learn
verify(run(PRESETS["linear_algebra"]), ["update", "second_pass"])
learn(TASKS["reset"], "gru", 5, 0, updates=2)
print([name for name in sys.modules if name.startswith("torch._dynamo")])
"""
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "[]\n"


LOCKED = """
import os, runpy, sys, tempfile
def refuse(): raise FileNotFoundError("No usable temporary directory found")
os.getuid, tempfile._get_default_tempdir = lambda: 54321, refuse
sys.argv[0] = "explainer"
runpy.run_module("explainer", run_name="__main__")
"""
"""Starts the app for a user whose number has no name, where nothing can be written."""


@pytest.mark.long
@pytest.mark.browser
def test_the_app_starts_from_the_wheel_on_a_locked_machine(with_app, tmp_path, chromium):
    """In an empty folder, with no home and no folder for temporary files."""
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER")}
    log = tmp_path / "log.txt"
    with serve(log, (str(with_app), "-c", LOCKED), cwd=empty, env=env) as app:
        page = chromium.new_page()
        page.goto(f"{app.address}/update")
        expect(page.locator("[data-quantity]").first).to_be_visible(timeout=120_000)
        expect(page.get_by_text("torch.optim.SGD").last).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        page.close()
    assert not list(empty.iterdir())


def pins(name):
    """The versions that a requirements file names, by project."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    lines = [line.split(" #")[0] for line in lines if line and line[0] not in "#-"]
    found = map(Requirement, lines)
    return {canonicalize_name(r.name): r for r in found}


def test_pins_are_in_the_ranges_and_complete():
    pinned = pins("requirements.txt")
    extras = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *extras["app"]]:
        wanted = Requirement(text)
        pin = pinned.pop(canonicalize_name(wanted.name))
        (version,) = pin.specifier
        assert version.operator == "=="
        assert wanted.specifier.contains(version.version), wanted
    assert not pinned, "pinned, and not in pyproject.toml"


NOT_LOCKED = re.compile(r"torch|triton|cuda-.*|nvidia-.*")
"""torch, whose builds differ, and what only its default build for Linux needs."""


def locked(name):
    """Project to version and number of hashes, as a lock file says them for this machine."""
    found = {}
    for entry in (ROOT / name).read_text("utf-8").replace("\\\n", " ").splitlines():
        if entry.startswith("#"):
            continue
        line, *hashes = entry.split(" --hash=sha256:")
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate():
            (version,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = version.version
            assert hashes, line
    return found


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_everything_but_torch_is_installed_by_hash(name):
    found, pinned = locked(f"{name}-lock.txt"), pins("requirements.txt")
    pinned |= pins(f"{name}.txt")
    assert not list(filter(NOT_LOCKED.fullmatch, found))
    for project in needed(map(str, pinned.values())):
        if not NOT_LOCKED.fullmatch(project):
            assert project in found, f"make lock: {project} is missing"
    for project, requirement in pinned.items():
        if project != "torch":
            assert requirement.specifier.contains(found[project]), f"make lock: {requirement}"
    assert found.items() >= locked("requirements-lock.txt").items(), "both install the same"


def test_other_libraries_are_installed_by_hash_beside_the_rest():
    found, pinned = locked("requirements-frameworks-lock.txt"), pins("requirements-frameworks.txt")
    for project, requirement in pinned.items():
        assert requirement.specifier.contains(found[project]), f"make lock: {requirement}"
    assert found.items() >= locked("requirements-dev-lock.txt").items(), "both install the same"


def test_no_file_names_a_package_index():
    """Whoever installs decides where from."""
    for path in (*ROOT.glob("requirements*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml"):
        assert not re.search(r"https?://|index-url", path.read_text("utf-8")), path.name
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text("utf-8")
