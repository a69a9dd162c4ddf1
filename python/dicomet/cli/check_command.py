"""The command ``dicomet check``."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from dicomet._utils.report import Report
from dicomet.cli.progress import with_progress
from dicomet.errors import one_line
from dicomet.loaders.checking import BAD, GOOD, CheckedFile, check_files
from dicomet.loaders.folders import find_files

UNUSABLE_ARGUMENTS = 2
PREFIX = "dicomet check"


def run(arguments: argparse.Namespace) -> int:
    """Check the files that the arguments name, and return the exit status."""
    try:
        paths = _paths(arguments.paths)
        out = arguments.output
        report = None if out is None else Report(Path(out), CheckedFile._fields, "output")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{PREFIX}: error: {one_line(str(error))}\n")
        return UNUSABLE_ARGUMENTS
    counts: Counter[str] = Counter()
    with closing(check_files(paths, arguments.values, arguments.workers)) as done:
        results = with_progress(
            done,
            len(paths),
            activity="Checking",
            prefix_of=_prefix,
            full_list="--verbose or -o lists them",
            verbose=arguments.verbose,
        )
        for result in results:
            counts[result.status] += 1
            if report is not None:
                report.add(result)
    # Not after an interrupt: the loaders would take the files that are missing in the list as good ones.
    if report is not None:
        report.write()
    sys.stdout.write(f"{counts[GOOD]} {GOOD}, {counts[BAD]} {BAD}\n")
    return int(bool(counts[BAD]))


def _paths(names: Sequence[str]) -> list[Path]:
    """Return the files at and below `names`, each once.

    Raises
    ------
    ValueError
        There are no files.
    OSError
        A name does not exist, or a folder cannot be read.

    """
    found: dict[Path, None] = {}
    for name in names:
        # The empty path is the current folder for `Path`.
        if not name or not Path(name).exists():
            raise FileNotFoundError(f"no such file or folder: {name!r}")
        found |= dict.fromkeys(find_files(name) if Path(name).is_dir() else [Path(name)])
    if not found:
        raise ValueError(f"no DICOM file in {', '.join(map(repr, names))}")
    return list(found)


def _prefix(result: CheckedFile) -> str | None:
    """Return the prefix of a file's line, or None if there is nothing to report."""
    if result.status == BAD:
        return PREFIX
    return f"{PREFIX}: warning" if result.reason else None
