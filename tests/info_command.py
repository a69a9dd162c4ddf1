"""The command `dicomet info`, and the files that it describes, for its tests."""

from pathlib import Path

import files

from dicomet.__main__ import main

TEST_FILES = files.ROOTS["pydicom"]
CT = TEST_FILES / "CT_small.dcm"
RLE = TEST_FILES / "SC_rgb_rle_2frame.dcm"


def info(*arguments: str | Path) -> int:
    return main(["info", *map(str, arguments)])
