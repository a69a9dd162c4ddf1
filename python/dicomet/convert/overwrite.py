"""Sources are kept: no result takes the place of a file that is to be converted."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dicomet._parsing.dicom_file import may_be_dicom
from dicomet._utils.same_file import file_id
from dicomet.convert.naming import FRAME
from dicomet.convert.options import FORMATS, FRAME_BY_FRAME
from dicomet.convert.sources import InputFile, UnusableSourceError


def refuse_overwrite(found: Sequence[InputFile], results: Iterable[Path]) -> None:
    """Refuse results that would replace a source.

    What a folder has beside DICOM files is no source: results of an earlier run in the same folder are replaced.

    Parameters
    ----------
    found : sequence of Found
        The sources.
    results : iterable of Path
        The files that are to be written; of the formats that hold one frame also as ``NAME_0001.png`` and so on.

    Raises
    ------
    UnusableSourceError
        It names the source.

    """
    there = {name: path for path in _existing(results) if (name := file_id(path)) is not None}
    if not there:
        return
    for file in found:
        name = None if file.data is not None else file_id(file.source)
        path = None if name is None else there.get(name)
        if path is not None and (file.was_named or file.member is not None or may_be_dicom(file.source)):
            raise UnusableSourceError(f"output: {str(path)!r} would replace {file.source!r}, which is to be converted")


def _existing(results: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that results may replace. Folders are listed: that takes less than to ask for every file."""
    names: dict[Path, set[str]] = defaultdict(set)
    for path in results:
        # Some file systems make no difference between upper and lower case.
        names[path.parent].add(path.name.casefold())
    for folder, wanted in names.items():
        try:
            entries = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
        except OSError:
            # Not there yet, or what will fail with a reason of its own.
            continue
        yield from (folder / name for name in entries if not wanted.isdisjoint(_names(name.casefold())))


def _names(name: str) -> Iterator[str]:
    """Yield the names of results that may be written as `name`."""
    yield name
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - of a name
    if FORMATS.get(suffix) in FRAME_BY_FRAME and (match := FRAME.fullmatch(stem)):
        yield match[1] + suffix
