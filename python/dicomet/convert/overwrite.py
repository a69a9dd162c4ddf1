"""Protection of the sources: no output replaces a file that is to be converted."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dicomet._parsing.dicom_file import may_be_dicom
from dicomet._utils.same_file import file_id
from dicomet.convert.formats import BY_SUFFIX, VIDEO
from dicomet.convert.naming import FRAME
from dicomet.convert.sources import InputFile, UnusableSourceError


def refuse_overwrite(found: Sequence[InputFile], results: Iterable[Path]) -> None:
    """Refuse outputs that would replace a source.

    Files of a folder that are not DICOM are no sources: the outputs of an earlier run in the same folder are replaced.

    Parameters
    ----------
    found : sequence of InputFile
        The sources.
    results : iterable of Path
        The output files; for formats that hold one frame, ``NAME_0001.png`` and so on count as well.

    Raises
    ------
    UnusableSourceError
        An output would replace a source, which the message names.

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
    """Yield the existing files that outputs may replace. Listing a folder is faster than testing for each file."""
    names: dict[Path, set[str]] = defaultdict(set)
    for path in results:
        # Some file systems are case-insensitive.
        names[path.parent].add(path.name.casefold())
    for folder, wanted in names.items():
        try:
            entries = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
        except OSError:
            # The folder does not exist yet, or fails later with a reason of its own.
            continue
        yield from (folder / name for name in entries if not wanted.isdisjoint(_names(name.casefold())))


def _names(name: str) -> Iterator[str]:
    """Yield the outputs that may be written under `name`."""
    yield name
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    form = BY_SUFFIX.get(suffix)
    if form is not None and not form.multiframe and (match := FRAME.fullmatch(stem)):
        yield match[1] + suffix
    if form is VIDEO:
        # The stream determines the suffix.
        yield stem + VIDEO.suffixes[0]
