"""The environment variable ``DICOMET``."""

import os

OFF = frozenset({"0", "false", "no", "off"})


def enabled() -> bool:
    """Return whether dicomet may take part in pydicom's decoding: yes, unless ``DICOMET=0`` (or false, no, off)."""
    return os.environ.get("DICOMET", "").lower() not in OFF
