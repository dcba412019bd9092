"""Node, for tests and benchmarks of what runs in the browser."""

import os
import shutil
import sys
from pathlib import Path

NODE = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
NODE = NODE or shutil.which("node") or "node"
"""The one of the virtual environment, or else the machine's."""
