"""A locked machine: nothing can be written, no HOME, no name for the user, no temporary folder."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve import ROOT, serve
from visitor import Visitor

from explainer.stage.chapters import CHAPTERS

LOCK = """
mount -o remount,bind,ro / || exit 1
for place in /tmp /var/tmp /dev/shm /run {places}; do
    mountpoint -q $place && mount -o remount,bind,ro $place
done
user="--reuid 54321 --regid 54321 --clear-groups --no-new-privs"
# may read everything, since Python and the app may stand in a folder of their owner's
read="--inh-caps -all,+dac_read_search --ambient-caps +dac_read_search"
exec setpriv $user $read env -i PATH=/usr/bin:/bin {python} "$@"
"""
"""Makes everything read-only, for itself alone, and becomes a user who may not write."""

WRITE = """
import os, pathlib, tempfile
def refused(make):
    try:
        make()
    except OSError:
        return True
    except RuntimeError:  # no home
        return True
here = pathlib.Path("x")
print(refused(here.touch), refused(tempfile.gettempdir), refused(pathlib.Path.home), os.getuid())
"""


@pytest.fixture(scope="module")
def locked():
    """The command that runs Python on a locked machine."""
    tools = all(map(shutil.which, ("unshare", "setpriv", "mount")))
    if sys.platform != "linux" or not tools or os.geteuid() != 0:
        pytest.skip("only root on Linux can lock a machine for one process")
    places = " ".join(
        sorted({str(Path(place).resolve()) for place in (ROOT, sys.prefix, ROOT.parent)})
    )
    lock = LOCK.format(places=places, python=shlex.quote(sys.executable))
    command = ("unshare", "--mount", "bash", "-c", lock, "lock")
    asked = subprocess.run(
        [*command, "-c", WRITE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if asked.stdout.split() != ["True", "True", "True", "54321"]:
        pytest.skip(f"this machine can't be locked: {asked.stdout} {asked.stderr}")
    return command


async def walk(port):
    """Open every chapter, change a setting, upload a text; return each red box, by page."""
    found = {}
    async with Visitor(port) as visitor:
        await visitor.open("cell", "hidden_size=5")
        for chapter in CHAPTERS:
            await visitor.go(chapter.slug)
            assert "exception" not in visitor.kinds, chapter.slug
            found[chapter.slug] = visitor.errors
        await visitor.set(hidden_size="7", updates=3)
        await visitor.upload("a text of my own, which is long enough. " * 100)
        assert "exception" not in visitor.kinds
        found["upload"] = visitor.errors
    return found


def test_a_locked_machine_shows_every_page(locked, tmp_path, figure):
    log = tmp_path / "log.txt"
    with serve(log, (*locked, "-m", "explainer")) as server:
        found = asyncio.run(walk(server.port))
    assert not any(found.values()), found
    assert "Traceback" not in log.read_text("utf-8")
    figure("a locked machine", f"{len(found)} pages, 0 fail")
