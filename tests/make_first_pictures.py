"""Write what the stages of the presets are sent, which a process shows before it can compute.

Run it after each change of that: `python tests/make_first_pictures.py`.
"""

import json
import lzma
from pathlib import Path

from explainer import PRESETS
from explainer.app.first_values import first_values
from explainer.stage.chapters import CHAPTERS, HOME

FILE = Path(__file__).parent.parent / "explainer" / "data" / "first_pictures.json.xz"


def pictures():
    """What is sent, by preset and slug; `your_text` begins as `start` does."""
    presets = [name for name in PRESETS if name != "your_text"]
    slugs = [c.slug for c in (HOME, *CHAPTERS) if c.scene or c is HOME]
    return {
        preset: {slug: first_values(slug, {"preset": preset}) for slug in slugs}
        for preset in presets
    }


if __name__ == "__main__":
    text = json.dumps(pictures(), ensure_ascii=False)
    FILE.write_bytes(lzma.compress(text.encode(), preset=9))
