"""What a file's first bytes show of the DICOM File Format (PS3.10 7.1)."""

from pathlib import Path

from dicomet.regular import irregular

PREAMBLE, PREFIX = 128, b"DICM"
# A data set that was written without preamble and prefix begins with an element of group 0002 or 0008, in either byte
# order (PS3.10 7.1 and PS3.5 7.1).
GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08", b"\x00\x02")


def looks(source: str | bytes) -> tuple[bool, bool]:
    """Tell whether a file has the prefix of the DICOM File Format, and whether it can be DICOM at all."""
    if isinstance(source, bytes):
        head = source[: PREAMBLE + len(PREFIX)]
    else:
        # Not opened, because that may wait for a writer; and some devices have no end.
        if (kind := irregular(source)) is not None:
            raise OSError(f"found {kind}, expected a file")
        with Path(source).open("rb") as file:
            head = file.read(PREAMBLE + len(PREFIX))
    has_prefix = head[PREAMBLE:] == PREFIX
    return has_prefix, has_prefix or head[:2] in GROUPS


def may_be_dicom(path: str) -> bool:
    """Tell whether a file can be DICOM, as far as its first bytes show it; true where they cannot be read."""
    try:
        return looks(path)[1]
    except OSError:
        return True
