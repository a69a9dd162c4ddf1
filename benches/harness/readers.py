"""The peers: for each, the fastest documented way from a path to an array of stored values.

A package is imported only when its reader is loaded, because packages may be absent and cold starts are measured.
"""

import functools
import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Reader(NamedTuple):
    """Functions of a package that read all frames or one frame of a path, iterate over frames, and prefetch files."""

    whole: Callable[[Path], np.ndarray]
    frame: Callable[[Path, int], np.ndarray]
    iterate: Callable[[Path], Iterable[np.ndarray]] | None = None
    many: Callable[[Sequence[Path]], Iterable[np.ndarray]] | None = None


class Peer(NamedTuple):
    """A package to measure. `package` is its name on PyPI, `module` the name to import.

    `reads_files`: whether it reads DICOM files, and not only codestreams.
    """

    name: str
    package: str
    module: str
    load: Callable[[], Reader]
    reads_files: bool = True

    @property
    def version(self) -> str:
        """The installed version, or an empty string if the package is absent."""
        # Imported here, because its time must not be part of a cold start.
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(self.package)
        except PackageNotFoundError:
            return ""


def _dicomet() -> Reader:
    from dicomet import iter_pixels, pixel_array, pixel_arrays

    return Reader(pixel_array, lambda path, index: pixel_array(path, index=index), iter_pixels, pixel_arrays)


def _pydicom() -> Reader:
    from pydicom.pixels import iter_pixels, pixel_array

    return Reader(pixel_array, lambda path, index: pixel_array(path, index=index), iter_pixels)


def _pydicom_with(plugin: str) -> Reader:
    from pydicom.pixels import pixel_array

    def whole(path: Path) -> np.ndarray:
        return pixel_array(path, decoding_plugin=plugin)

    return Reader(whole, lambda path, index: pixel_array(path, index=index, decoding_plugin=plugin))


def _pydcm() -> Reader:
    from pydcm import decode, iter_pixels

    return Reader(decode, lambda path, index: decode(path, frame=index + 1), iter_pixels)


def _fastdicom() -> Reader:
    from fastdicom import dcmread

    def whole(path: Path) -> np.ndarray:
        return dcmread(str(path)).pixel_array

    # fastdicom cannot read a single frame.
    return Reader(whole, lambda path, index: whole(path)[index])


def _dicomsdl() -> Reader:
    import dicomsdl

    def whole(path: Path) -> np.ndarray:
        dataset = dicomsdl.open(str(path))
        info = dataset.getPixelDataInfo()
        if info["NumberOfFrames"] == 1:
            return dataset.pixelData(storedvalue=True)
        shape = [info["NumberOfFrames"], info["Rows"], info["Cols"]]
        planar = info["PlanarConfiguration"] == "RRRGGGBBB"
        if info["SamplesPerPixel"] > 1:
            shape.insert(1 if planar else 3, info["SamplesPerPixel"])
        array = np.empty(shape, info["dtype"])
        for index, frame in enumerate(array):
            dataset.copyFrameData(index, frame)
        return np.moveaxis(array, 1, -1) if planar else array

    return Reader(whole, lambda path, index: dicomsdl.open(str(path)).pixelData(index, storedvalue=True))


def _simpleitk() -> Reader:
    import SimpleITK as sitk  # noqa: N813 - the usual alias

    def whole(path: Path) -> np.ndarray:
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))

    def frame(path: Path, index: int) -> np.ndarray:
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        columns, rows, *_ = reader.GetSize()
        reader.SetExtractIndex([0, 0, index])
        reader.SetExtractSize([columns, rows, 0])
        return sitk.GetArrayFromImage(reader.Execute())

    return Reader(whole, frame)


def _gdcm() -> Reader:
    import gdcm

    def part(path: Path, index: int | None) -> np.ndarray | None:
        """Read into a NumPy array. Return None for compressed frames, which fail, and single bits, which crash."""
        reader = gdcm.ImageRegionReader()
        reader.SetFileName(str(path))
        if not reader.ReadInformation():
            raise ValueError("ReadInformation returns False")
        image = reader.GetImage()
        single_bits = image.GetPixelFormat().GetScalarTypeAsString() == "SINGLEBIT"
        if single_bits or image.GetTransferSyntax().IsEncapsulated():
            return None
        columns, rows, *frames = image.GetDimensions()
        first, last = (0, frames[0] - 1 if frames else 0) if index is None else (index, index)
        region = gdcm.BoxRegion()
        region.SetDomain(0, columns - 1, 0, rows - 1, first, last)
        reader.SetRegion(region)
        samples = np.empty(reader.ComputeBufferLength(), np.uint8)
        return _gdcm_array(image, samples, last + 1 - first) if reader.ReadIntoBuffer(samples) else None

    def all_of(path: Path) -> np.ndarray:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        if not reader.Read():
            raise ValueError("Read returns False")
        image = reader.GetImage()
        # GetBuffer returns the bytes as a str. It is the only access where `part` fails.
        samples = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), np.uint8)
        return _gdcm_array(image, samples, (*image.GetDimensions(), 1)[2])

    def whole(path: Path) -> np.ndarray:
        array = part(path, None)
        return all_of(path) if array is None else array

    def frame(path: Path, index: int) -> np.ndarray:
        array = part(path, index)
        return all_of(path)[index] if array is None else array

    return Reader(whole, frame)


def _gdcm_array(image: object, samples: np.ndarray, frames: int) -> np.ndarray:
    columns, rows, *_ = image.GetDimensions()
    pixel_format = image.GetPixelFormat()
    kind = pixel_format.GetScalarTypeAsString()
    shape = (frames, rows, columns)
    if kind == "SINGLEBIT":
        return np.unpackbits(samples, count=frames * rows * columns, bitorder="little").reshape(shape)
    samples = samples.view(kind.lower())
    if pixel_format.GetSamplesPerPixel() == 1:
        return samples.reshape(shape)
    if image.GetPlanarConfiguration() == 1:
        return np.moveaxis(samples.reshape(frames, 3, rows, columns), 1, -1)
    return samples.reshape(*shape, 3)


def _imagecodecs() -> Reader:
    """Return the decoders of imagecodecs alone: they get the codestreams of a file that was read before."""
    from frame_encoding import CODECS, decode

    @functools.cache
    def frames_of(path: Path) -> tuple[list[bytes], tuple[int, ...], str, dict[str, object]]:
        from pydicom import dcmread
        from pydicom.encaps import generate_frames

        dataset = dcmread(path)
        transfer_syntax = dataset.file_meta.TransferSyntaxUID
        if transfer_syntax not in CODECS:
            raise ValueError("imagecodecs does not decode the transfer syntax")
        shape, count = (dataset.Rows, dataset.Columns), dataset.get("NumberOfFrames", 1)
        shape += (3,) if dataset.SamplesPerPixel > 1 else ()
        found = list(generate_frames(dataset.PixelData, number_of_frames=count))
        how = {"transfer_syntax": transfer_syntax, "to_rgb": dataset.PhotometricInterpretation.startswith("YBR_FULL")}
        return found, shape, f"u{dataset.BitsAllocated // 8}", how

    def whole(path: Path) -> np.ndarray:
        frames, shape, dtype, how = frames_of(path)
        array = np.empty((len(frames), *shape), dtype)
        is_in_place = CODECS[how["transfer_syntax"]] != "CharLS" or array.ndim < 4
        for frame, out in zip(frames, array, strict=True):
            if is_in_place:
                decode(frame, out=out, **how)
            else:
                out[...] = decode(frame, **how)
        return array

    def frame(path: Path, index: int) -> np.ndarray:
        frames, *_, how = frames_of(path)
        return decode(frames[index], **how)

    return Reader(whole, frame)


def has_codec(path: Path) -> bool:
    """Tell whether imagecodecs decodes the frames of a file."""
    from pydicom import dcmread

    from frame_encoding import CODECS

    return dcmread(path, specific_tags=["Rows"]).file_meta.TransferSyntaxUID in CODECS


OWN, REFERENCE, CODEC = "dicomet", "pydicom", "imagecodecs"
CODEC_PEER = Peer(CODEC, "imagecodecs", "imagecodecs", _imagecodecs, reads_files=False)
PEERS = (
    Peer(OWN, "dicomet", "dicomet", _dicomet),
    Peer(REFERENCE, "pydicom", "pydicom", _pydicom),
    Peer("pydcm", "pydcm", "pydcm", _pydcm),
    Peer("dicomsdl", "dicomsdl", "dicomsdl", _dicomsdl),
    Peer("fastdicom", "fastdicom", "fastdicom", _fastdicom),
    Peer("SimpleITK", "simpleitk", "SimpleITK", _simpleitk),
    Peer("gdcm", "python-gdcm", "gdcm", _gdcm),
    CODEC_PEER,
)
# pydicom with one plugin each. The peer `pydicom` uses its first plugin that decodes a file.
PLUGINS = tuple(
    Peer(f"pydicom+{plugin}", package, "pydicom", functools.partial(_pydicom_with, plugin))
    for plugin, package in (
        ("gdcm", "python-gdcm"),
        ("pillow", "pillow"),
        ("pyjpegls", "pyjpegls"),
        ("pylibjpeg", "pylibjpeg"),
    )
)

# The readers that have `iterate`.
ITERATING = (OWN, REFERENCE, "pydcm")


def load(name: str) -> Reader:
    """Import a peer by name, or call `module:function`, and return its reader."""
    if ":" in name:
        module, function = name.split(":")
        return getattr(importlib.import_module(module), function)()
    return next(peer for peer in (*PEERS, *PLUGINS) if peer.name == name).load()
