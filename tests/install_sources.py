"""The sources that pydicom can read a case from: data sets, buffers, files, and custom file objects."""

import atexit
import io
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pydicom
from call_outcome import observable
from install_cases import HEAD, PIXEL_TAGS, TAGS, Case
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import get_image_pixel_ids
from pydicom.uid import (
    ExplicitVRBigEndian,
)


def dataset_in_memory(case: Case) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = case.syntax
    vrs = {"photometric_interpretation": "CS", "number_of_frames": "IS"}
    for name, tag in TAGS.items():
        if name in case.options:
            added(dataset, tag, vrs.get(name, "US"), case.options[name])
    for tag, table in zip((0x7FE00001, 0x7FE00002), case.options.get("extended_offsets") or (), strict=False):
        added(dataset, tag, "OV", table)
    for keyword in {case.options.get("pixel_keyword"), *case.others} & set(PIXEL_TAGS):
        added(dataset, PIXEL_TAGS[keyword], case.options.get("pixel_vr") or "OB", case.value)
    return dataset


def added(dataset: Dataset, tag: int, vr: str, value: Any) -> None:
    dataset.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))


def file_of(case: Case) -> bytes:
    """A complete file, in which None becomes an empty value."""
    order = ">" if case.syntax == ExplicitVRBigEndian else "<"
    found = {0x00100010: ("PN", b"Nobody")}
    for name, tag in TAGS.items():
        if name in case.options:
            found[tag] = stored(name, case.options[name], order)
    for tag, table in zip((0x7FE00001, 0x7FE00002), case.options.get("extended_offsets") or (), strict=False):
        found[tag] = ("OV", table if isinstance(table, bytes) else np.array(table, "<u8").tobytes())
    for keyword in {case.options.get("pixel_keyword"), *case.others} & set(PIXEL_TAGS):
        found[PIXEL_TAGS[keyword]] = (case.options.get("pixel_vr") or "OB", case.value)
    return oracle.dicom_file(dict(sorted(found.items())), case.syntax)


def stored(name: str, value: Any, order: str) -> tuple[str, bytes]:
    vr = {"photometric_interpretation": "CS", "number_of_frames": "IS"}.get(name, "US")
    if value is None:
        return vr, b""
    if vr == "US":
        return vr, struct.pack(f"{order}H", int(value) % 2**16)
    return vr, oracle.text(str(value))


def dataset_as_read(case: Case) -> Dataset:
    return pydicom.dcmread(io.BytesIO(file_of(case)), force=True)


DEFERRED = Path(tempfile.gettempdir()) / f"dicomet-deferred-{os.getpid()}.dcm"
atexit.register(DEFERRED.unlink, missing_ok=True)


def dataset_deferred(case: Case) -> Dataset:
    DEFERRED.write_bytes(file_of(case))
    return pydicom.dcmread(DEFERRED, defer_size=2, force=True)


class Recorder:
    """A file-like object that records its calls."""

    def __init__(self, data: bytes, position: int):
        self.calls = []
        self._file = io.BytesIO(data)
        self._file.seek(position)

    def read(self, *arguments):
        self.calls.append(("read", *arguments))
        return self._file.read(*arguments)

    def seek(self, *arguments):
        self.calls.append(("seek", *arguments))
        return self._file.seek(*arguments)

    def tell(self):
        self.calls.append(("tell",))
        return self._file.tell()


class RecordingBytesIO(io.BytesIO):
    """A subclass of a plain file that records its reads."""

    def __init__(self, data: bytes, position: int):
        super().__init__(data)
        super().seek(position)
        self.calls = []

    def read(self, *arguments):
        self.calls.append(("read", *arguments))
        return super().read(*arguments)


class Reader:
    """A file-like object that has no method but `read`."""

    def __init__(self, data: bytes):
        self.read = io.BytesIO(data).read


def opened(data: bytes, position: int) -> io.BufferedRandom:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - `outcome` closes it
    file.write(data)
    file.seek(position)
    return file


def in_bytes_io(data: bytes, position: int) -> io.BytesIO:
    file = io.BytesIO(data)
    file.seek(position)
    return file


DATASETS = {"memory": dataset_in_memory, "read": dataset_as_read, "deferred": dataset_deferred}
FRONT, BACK = b"front", b"bytes after the value"
BUFFERS = {
    "bytes": lambda value: value,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "writeable memoryview": lambda value: memoryview(bytearray(value)),
    "BytesIO": lambda value: in_bytes_io(value, 0),
    "BytesIO in the middle": lambda value: in_bytes_io(FRONT + value + BACK, HEAD),
    "file": lambda value: opened(value, 0),
    "file in the middle": lambda value: opened(FRONT + value + BACK, HEAD),
    "recorder": lambda value: Recorder(FRONT + value, HEAD),
    "recording BytesIO": lambda value: RecordingBytesIO(value, 0),
    "reader": Reader,
    "array": lambda value: np.frombuffer(value, np.uint8).copy(),
}
COMMON_BUFFERS = ("bytes", "BytesIO", "BytesIO in the middle", "file", "file in the middle")


def state(source) -> list:
    """The observable state of a source after a call."""
    if isinstance(source, Dataset):
        found = [(tag, type(elem), elem.VR, content(elem.value)) for tag, elem in sorted(source._dict.items())]
        known, file_meta = source._pixel_id, str(getattr(source, "file_meta", None))
        # Last, because it reads elements.
        return [
            found,
            observable(source._pixel_array),
            [*known],
            file_meta,
            known and known == get_image_pixel_ids(source),
        ]
    if isinstance(source, bytes | bytearray | memoryview | np.ndarray):
        return [bytes(source)]
    return [getattr(source, "calls", None), position(source)]


def content(value):
    return [value.getvalue(), value.tell()] if isinstance(value, io.BytesIO) else observable(value)


def position(source) -> int | None:
    return source.tell() if isinstance(source, io.IOBase) and not source.closed else None
