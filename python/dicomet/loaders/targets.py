"""The files of a data set and their targets: those of class folders, or the caller's."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dicomet.errors import short_repr
from dicomet.loaders.folders import find_class_files, find_files, has_folders

PathLike = str | os.PathLike[str]
Targets = Literal["inferred"] | Sequence[Any] | Mapping[PathLike, Any] | Callable[[Path], Any] | None


def find_samples(
    source: PathLike | Iterable[PathLike], targets: Targets
) -> tuple[list[str], list[Path], list[Any] | None]:
    """Return the class names, the files, and their targets, which are None if there are none."""
    if isinstance(targets, str):
        if targets != "inferred":
            raise ValueError(f"'targets': found {short_repr(targets)}, expected 'inferred', or the targets")
        if isinstance(source, str | os.PathLike) and has_folders(source):
            return find_class_files(source)
        targets = None
    paths = find_files(source) if isinstance(source, str | os.PathLike) else [Path(path) for path in source]
    if not paths:
        where = source if isinstance(source, str | os.PathLike) else "the list of files"
        raise FileNotFoundError(f"{where}: found no DICOM file")
    return [], paths, _targets(paths, targets)


def _targets(paths: list[Path], targets: Sequence[Any] | Mapping[PathLike, Any] | Callable[[Path], Any] | None) -> Any:
    if targets is None:
        return None
    if isinstance(targets, Mapping):
        by_path = {Path(path): target for path, target in targets.items()}
        missing = [path for path in paths if path not in by_path]
        if missing:
            raise KeyError(
                f"'targets': found none for {missing[0]}, and in all for {len(missing)} of {len(paths)} files"
            )
        return [by_path[path] for path in paths]
    if callable(targets):
        return [targets(path) for path in paths]
    if len(targets) != len(paths):
        raise ValueError(f"'targets': found {len(targets)}, expected one for each of {len(paths)} files")
    return list(targets)
