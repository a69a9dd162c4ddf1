"""The files of a folder with class subfolders and their labels, with the file order and the split of Keras."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from dicomet.errors import counted
from dicomet.loaders.checking import usable_files
from dicomet.loaders.folders import find_files
from dicomet.loaders.loading import check_one_of

LabelMode = Literal["int", "categorical", "binary"] | None
Labels = Literal["inferred"] | Sequence[int] | None
Subset = Literal["training", "validation", "both"] | None

SUBSETS: tuple[Literal["training", "validation"], ...] = ("training", "validation")
LABEL_MODES: tuple[LabelMode, ...] = ("int", "categorical", "binary", None)
CLASSES_OF_BINARY = 2


@dataclass(frozen=True)
class ClassFolder:
    """Files and their labels.

    Attributes
    ----------
    paths : list of str
        Paths of the files, each starting with the folder.
    labels : numpy.ndarray of int32, or None
        Label of each file.
    class_names : list of str, or None
        Names of the class folders; or the sorted labels, if the caller passed labels.

    """

    paths: list[str]
    labels: np.ndarray | None
    class_names: list[str] | None

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.paths)

    def taken(self, order: np.ndarray) -> "ClassFolder":
        """Return the files with the indices `order`, in that order."""
        labels = None if self.labels is None else self.labels[order]
        return replace(self, paths=[self.paths[number] for number in order], labels=labels)

    def shuffled(self, seed: int) -> "ClassFolder":
        """Return the files in the order that Keras derives from `seed`. The split depends on it, too."""
        order = np.arange(len(self))
        np.random.RandomState(seed).shuffle(order)
        return self.taken(order)

    def split(self, validation_split: float, subset: Literal["training", "validation"]) -> "ClassFolder":
        """Return the files of one subset: the first files for training, the last ones for validation, as in Keras."""
        border = len(self) - int(validation_split * len(self))
        order = np.arange(len(self))
        part = self.taken(order[:border] if subset == "training" else order[border:])
        if not part.paths:
            raise ValueError(f"'validation_split': found {validation_split} of {len(self)} files: none for {subset}")
        return part

    def encoded_labels(self, label_mode: LabelMode) -> np.ndarray | None:
        """Return int32 labels of shape ``(n,)``; float32 of ``(n, 1)`` for binary, ``(n, classes)`` for categorical."""
        if label_mode is None or self.labels is None:
            return None
        if label_mode == "int":
            return self.labels
        if label_mode == "binary":
            return self.labels[:, np.newaxis].astype(np.float32)
        classes = np.arange(len(self.class_names or ()))
        one_hot: np.ndarray = (self.labels[:, np.newaxis] == classes).astype(np.float32)
        return one_hot


def list_class_folder(  # noqa: PLR0913 - the arguments of Keras' function
    directory: str | os.PathLike[str],
    labels: Labels,
    label_mode: LabelMode,
    class_names: Sequence[str] | None,
    *,
    follow_links: bool,
    verbose: bool,
    checked: str | os.PathLike[str] | None = None,
) -> ClassFolder:
    """List the DICOM files of a folder in Keras' order, with their labels, but not those that are bad by `checked`.

    Raises
    ------
    ValueError
        An argument is invalid, or does not match the folder.
    FileNotFoundError
        The folder has no DICOM file, or only bad ones.

    """
    check_one_of("label_mode", label_mode, LABEL_MODES)
    found = _list_classes(directory, None if label_mode is None else labels, class_names, follow_links=follow_links)
    if not found.paths:
        where = " in its folders, which are the classes" if isinstance(labels, str) and label_mode is not None else ""
        raise FileNotFoundError(f"{os.fspath(directory)}: found no DICOM file{where}")
    if label_mode == "binary" and len(found.class_names or ()) != CLASSES_OF_BINARY and found.labels is not None:
        raise ValueError(f"label_mode='binary': found the classes {found.class_names}, expected two")
    classes = "" if found.class_names is None else f" belonging to {len(found.class_names)} classes"
    report(f"Found {len(found)} files{classes}.", verbose=verbose)
    if checked is None:
        return found
    usable = found.taken(np.array(usable_files(found.paths, checked)))
    report(f"Left out {counted(len(found) - len(usable), 'bad file')}.", verbose=verbose)
    return usable


def _list_classes(
    directory: str | os.PathLike[str], labels: Labels, class_names: Sequence[str] | None, *, follow_links: bool
) -> ClassFolder:
    """List the files of the class folders; or all files, with the caller's labels or without labels."""
    if isinstance(labels, str):
        check_one_of("labels", labels, ("inferred",))
        return _infer_labels(directory, class_names, follow_links=follow_links)
    if class_names is not None:
        raise ValueError("'class_names': is for labels='inferred' alone")
    paths = _files(directory, "", follow_links=follow_links)
    if labels is None:
        return ClassFolder(paths, None, None)
    if len(labels) != len(paths):
        raise ValueError(f"'labels': found {len(labels)}, expected {len(paths)}, one for each file in {directory}")
    return ClassFolder(paths, np.asarray(labels, np.int32), [str(label) for label in sorted(set(labels))])


def _infer_labels(
    directory: str | os.PathLike[str], class_names: Sequence[str] | None, *, follow_links: bool
) -> ClassFolder:
    """List the files of the class folders, by default sorted by folder name, otherwise in the caller's order."""
    folders = sorted(path.name for path in Path(directory).iterdir() if path.is_dir() and path.name[0] != ".")
    names = folders if class_names is None else list(class_names)
    if not set(names) <= set(folders):
        raise ValueError(f"'class_names': found {names}, expected names of the folders in {directory}: {folders}")
    paths: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        files = _files(directory, name, follow_links=follow_links)
        paths += files
        labels += [label] * len(files)
    return ClassFolder(paths, np.array(labels, np.int32), names)


def _files(directory: str | os.PathLike[str], name: str, *, follow_links: bool) -> list[str]:
    """Return the DICOM files of a class folder, or of all if `name` is empty, with the paths that Keras would use."""
    folder = Path(directory) / name
    paths = find_files(folder)
    if not follow_links:
        linked = {parent for parent in {path.parent for path in paths} if _is_linked(parent, folder)}
        paths = [path for path in paths if path.parent not in linked]
    return [os.path.join(directory, path.relative_to(directory)) for path in paths]  # noqa: PTH118 - keeps "./"


def _is_linked(path: Path, folder: Path) -> bool:
    """Tell whether `path` or a folder between it and `folder` is a link. `folder` itself may be one."""
    return path != folder and (path.is_symlink() or _is_linked(path.parent, folder))


def select(
    files: ClassFolder, seed: int | None, validation_split: float | None, subset: Subset, *, verbose: bool
) -> list[ClassFolder]:
    """Return the files of each requested subset, shuffled before the split if `seed` is not None.

    Raises
    ------
    ValueError
        An argument is invalid, or a subset has no files.

    """
    check_one_of("subset", subset, (*SUBSETS, "both", None))
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"'validation_split': found {validation_split}, expected a number between 0 and 1")
    if (validation_split is None) != (subset is None):
        raise ValueError("'validation_split', 'subset': found one of them, expected both or neither")
    files = files if seed is None else files.shuffled(seed)
    if validation_split is None or subset is None:
        return [files]
    names = SUBSETS if subset == "both" else (subset,)
    parts = [files.split(validation_split, name) for name in names]
    for name, part in zip(names, parts, strict=True):
        report(f"Using {len(part)} files for {name}.", verbose=verbose)
    return parts


def resolve_seed(seed: int | None, *, needed: bool) -> int:
    """Return `seed`, or draw one as Keras does, so that ``keras.utils.set_random_seed`` determines it.

    Raises
    ------
    ValueError
        `seed` is None but `needed`: both subsets of a split must be shuffled with the same seed.

    """
    if seed is not None:
        return seed
    if needed:
        raise ValueError(
            "'seed': found None with 'validation_split' and shuffle=True, expected a number for both subsets"
        )
    return int(np.random.randint(1_000_000))  # noqa: NPY002 - Keras' own generator


def report(message: str, *, verbose: bool) -> None:
    """Print a message, as Keras does."""
    if verbose:
        sys.stdout.write(message + "\n")
