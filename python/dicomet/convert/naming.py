"""Names of outputs. No output gets the name of another, whatever is converted in the same run, before or after.

An output is named after its source, without the suffix of DICOM files. Where that makes two names equal, or one equal
to that of a frame of another, *all* files concerned get the full name of their source and a hash of its location. So a
name depends neither on the order nor on other files that are added later, and a resumed run (``--skip-existing``) never
takes the output of one source for that of another.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dicomet.convert.api import DIGITS
from dicomet.convert.sources import InputFile

SUFFIXES = {".dcm", ".dicom", ".dic", ".ima"}
"""Suffixes that names omit. Other text after a dot stays: many files are named by a UID."""
FRAME = re.compile(rf"(.+)_\d{{{DIGITS},}}")
MARK = 12


def output_paths(found: Sequence[InputFile], out: Path, suffix: str) -> list[Path]:
    """Return the output of each file, below the folder `out`."""
    plain = [_key(_plain(file.relative_path)) for file in found]
    count = Counter(plain)
    # One file of several frames may be NAME, and another file NAME_0001.
    of_frames = {key: match[1] for key in count if (match := FRAME.fullmatch(key)) and match[1] in count}
    ambiguous = {key for key, number in count.items() if number > 1} | {*of_frames.keys(), *of_frames.values()}
    return [
        _output_path(out, _marked(file) if key in ambiguous else _plain(file.relative_path), suffix)
        for file, key in zip(found, plain, strict=True)
    ]


def _plain(relative_path: PurePosixPath) -> PurePosixPath:
    return relative_path.with_suffix("") if relative_path.suffix.lower() in SUFFIXES else relative_path


def _key(relative_path: PurePosixPath) -> str:
    """Return what a case-insensitive file system distinguishes of a name."""
    return str(relative_path).casefold()


def _marked(file: InputFile) -> PurePosixPath:
    name, offset = (None, 0) if file.member is None else (file.member.name, file.member.offset)
    where = f"{os.path.abspath(file.source)}//{name}//{offset}"  # noqa: PTH100 - links stay links
    mark = hashlib.sha256(os.fsencode(where)).hexdigest()[:MARK]
    return file.relative_path.with_name(f"{file.relative_path.name}-{mark}")


def _output_path(out: Path, relative_path: PurePosixPath, suffix: str) -> Path:
    return out / relative_path.with_name(relative_path.name + suffix)
