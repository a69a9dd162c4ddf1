"""The DICOM files of a folder and their classes, found by the same rules for all loaders."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dicomet._parsing.dicom_file import PREAMBLE, PREFIX, SUFFIXES

# PS3.10 8.6: the directory of a storage medium is a DICOM file with this name, without an image.
DIRECTORY = "DICOMDIR"


def find_files(folder: str | os.PathLike[str], *, recursive: bool = True) -> list[Path]:
    """Return the DICOM files of a folder, sorted by folder and then by name, like Keras and torchvision.

    A DICOM file has the suffix ``.dcm`` or ``.dicom`` in any case, or the prefix ``DICM`` at byte 128 (PS3.10 7.1),
    because many files are named by a UID, without a suffix. Hidden files and folders (``.name``) and a ``DICOMDIR`` are
    skipped. Links are followed, except those that lead back to a folder that contains them.

    Parameters
    ----------
    folder : path
        Folder to search.
    recursive : bool
        Search all subfolders, too.

    Returns
    -------
    list of pathlib.Path
        The files, each path starting with `folder`. Empty if there are none.

    Raises
    ------
    OSError
        The folder, a folder in it, or a file without one of the suffixes cannot be read.

    """
    return [path for _, paths in sorted(_walk(Path(folder), recursive=recursive)) for path in sorted(paths)]


def find_class_files(
    folder: str | os.PathLike[str], class_names: Sequence[str] | None = None
) -> tuple[list[str], list[Path], list[int]]:
    """Return the DICOM files in the subfolders of a folder. Each subfolder is a class.

    DICOM files directly in the folder belong to no class, and are skipped as in Keras and torchvision.

    Parameters
    ----------
    folder : path
        Folder that contains the class folders.
    class_names : sequence of str, optional
        Names of all class folders, in the order of their labels. By default they are sorted.

    Returns
    -------
    class_names : list of str
        Names of the class folders, without hidden ones.
    paths : list of pathlib.Path
        The files, class by class; within a class in the order of `find_files`.
    labels : list of int
        Index of each file's class in `class_names`.

    Raises
    ------
    ValueError
        `class_names` does not name every class folder once.
    FileNotFoundError
        There are no class folders, or a class folder has no DICOM file.
    OSError
        As `find_files` does.

    """
    names = _class_names(Path(folder), class_names)
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        found = find_files(Path(folder) / name)
        if not found:
            raise FileNotFoundError(f"{Path(folder) / name}: found no DICOM file, expected those of a class")
        paths += found
        labels += [label] * len(found)
    return names, paths, labels


def is_dicom_file(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is DICOM: by its suffix, otherwise by the prefix after the preamble (PS3.10 7.1).

    Raises
    ------
    OSError
        The file cannot be read.

    """
    path = Path(path)
    if path.suffix.lower() in SUFFIXES:
        return not path.is_dir()
    # Reading anything but a regular file, such as a FIFO, could block.
    return path.is_file() and _has_prefix(path)


def has_folders(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a folder has subfolders that are not hidden."""
    return bool(_sub_folders(Path(folder)))


def _has_prefix(path: Path) -> bool:
    with path.open("rb", buffering=0) as file:
        return file.read(PREAMBLE + len(PREFIX))[PREAMBLE:] == PREFIX


def _sub_folders(folder: Path) -> list[str]:
    return sorted(path.name for path in _visible(folder) if path.is_dir())


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _walk(folder: Path, *, recursive: bool, above: tuple[Path, ...] = ()) -> Iterator[tuple[str, list[Path]]]:
    """Yield each folder's path as a string, by which Keras and torchvision sort, and the DICOM files in the folder."""
    entries = _visible(folder)
    yield str(folder), [path for path in entries if path.name.upper() != DIRECTORY and is_dicom_file(path)]
    if not recursive:
        return
    above = (*above, folder.resolve())
    for path in entries:
        if path.is_dir() and path.resolve() not in above:
            yield from _walk(path, recursive=True, above=above)


def _class_names(folder: Path, class_names: Sequence[str] | None) -> list[str]:
    found = _sub_folders(folder)
    if not found:
        raise FileNotFoundError(f"{folder}: found no folders in it, expected one for each class")
    if class_names is None:
        return found
    if sorted(class_names) != found:
        raise ValueError(f"'class_names': found {list(class_names)}, expected the names of the folders: {found}")
    return list(class_names)
