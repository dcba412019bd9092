"""What a link has of a text too long for it, or of numbers: a fingerprint."""

from __future__ import annotations

import hashlib

from explainer.errors import ConstraintError, ExplainerError, shorten


def text_hash(text: str) -> str:
    """Return 16 hexadecimal digits that stand for a text too long for a link."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def missing_text(fingerprint: str) -> ExplainerError:
    """Return what is said of a link whose text is too long to stand in it."""
    return ConstraintError(
        "fingerprint",
        "its text is too long to be part of it",
        f"This link needs the text with the fingerprint {shorten(fingerprint)}",
        "Upload that text to see the same numbers.",
    )


def missing_numbers(fingerprint: str) -> ExplainerError:
    """Return what is said of a link whose numbers are not part of it."""
    return ConstraintError(
        "values",
        "numbers are never part of a link",
        f"This link needs the numbers with the fingerprint {shorten(fingerprint)}",
        "Upload that table to see the same numbers.",
    )
