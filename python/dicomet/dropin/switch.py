"""The environment variable ``DICOMET``."""

import os


def enabled() -> bool:
    """Tell whether dicomet may take part in pydicom's decoding: always, unless ``DICOMET=0``."""
    return os.environ.get("DICOMET") != "0"
