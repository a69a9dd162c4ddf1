"""Changes to a data set between two accesses to its array."""

import io

import numpy as np
from install_sources import added
from pydicom import config
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

# Kept alive, so that no other value gets the `id` of one of them.
OTHER = bytes(range(96))


def replaced_element(dataset, tag, vr, value):
    dataset[tag] = DataElement(tag, vr, value, validation_mode=config.IGNORE)


def changed_value(dataset, keyword, value):
    dataset[keyword].value = value


def equal_value(dataset):
    dataset["PixelData"].value = bytes(bytearray(dataset["PixelData"].value))


def put(dataset, tag, element):
    """Store an element without pydicom's knowledge."""
    dataset._dict[Tag(tag)] = element


def raw(tag, vr, value):
    return RawDataElement(Tag(tag), vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True)


class Meta(FileMetaDataset):
    """File meta information whose `get` returns a transfer syntax of its own."""

    def get(self, key, default=None):
        return ExplicitVRBigEndian if key == "TransferSyntaxUID" else super().get(key, default)


CHANGES = {
    "nothing": lambda _: None,
    "rows and columns": lambda ds: [setattr(ds, "Rows", 6), setattr(ds, "Columns", 4)],
    "rows too many": lambda ds: setattr(ds, "Rows", 5),
    "rows, in the element": lambda ds: [changed_value(ds, "Rows", 2), changed_value(ds, "Columns", 12)],
    "rows, another element": lambda ds: [replaced_element(ds, 0x00280010, "US", 4)],
    "rows, raw": lambda ds: put(ds, 0x00280010, raw(0x00280010, "US", b"\x04\0")),
    "rows, raw and two": lambda ds: put(ds, 0x00280010, raw(0x00280010, "US", b"\x04\0\x04\0")),
    "rows, none": lambda ds: delattr(ds, "Rows"),
    "rows, empty": lambda ds: setattr(ds, "Rows", None),
    "rows, True": lambda ds: put(ds, 0x00280010, DataElement(0x00280010, "US", True, already_converted=True)),  # noqa: FBT003
    "one frame": lambda ds: [setattr(ds, "NumberOfFrames", 1), setattr(ds, "Rows", 8)],
    "frames, none": lambda ds: [delattr(ds, "NumberOfFrames"), setattr(ds, "Rows", 8)],
    "frames, 0": lambda ds: setattr(ds, "NumberOfFrames", 0),
    "bits stored": lambda ds: setattr(ds, "BitsStored", 12),
    "bits allocated": lambda ds: [setattr(ds, "BitsAllocated", 8), setattr(ds, "BitsStored", 8)],
    "signed": lambda ds: setattr(ds, "PixelRepresentation", 1),
    "signed, in the element": lambda ds: changed_value(ds, "PixelRepresentation", 1),
    "MONOCHROME1": lambda ds: setattr(ds, "PhotometricInterpretation", "MONOCHROME1"),
    "PALETTE COLOR, in the element": lambda ds: changed_value(ds, "PhotometricInterpretation", "PALETTE COLOR"),
    "RGB": lambda ds: [
        setattr(ds, "PhotometricInterpretation", "RGB"),
        setattr(ds, "SamplesPerPixel", 3),
        setattr(ds, "PlanarConfiguration", 0),
        setattr(ds, "Columns", 2),
    ],
    "planes": lambda ds: setattr(ds, "PlanarConfiguration", 1),
    "pixel data": lambda ds: setattr(ds, "PixelData", OTHER),
    "pixel data, in the element": lambda ds: changed_value(ds, "PixelData", OTHER),
    "pixel data, equal": equal_value,
    "pixel data, short": lambda ds: changed_value(ds, "PixelData", OTHER[:-2]),
    "pixel data, long": lambda ds: changed_value(ds, "PixelData", OTHER + OTHER),
    "pixel data, bytearray": lambda ds: put(
        ds, 0x7FE00010, DataElement(0x7FE00010, "OW", bytearray(OTHER), already_converted=True)
    ),
    "pixel data, buffered": lambda ds: changed_value(ds, "PixelData", io.BytesIO(OTHER)),
    "pixel data, raw": lambda ds: put(ds, 0x7FE00010, raw(0x7FE00010, "OW", OTHER)),
    "pixel data, none": lambda ds: delattr(ds, "PixelData"),
    "pixel data, VR": lambda ds: setattr(ds["PixelData"], "VR", "OB"),
    "float pixel data too": lambda ds: setattr(ds, "FloatPixelData", OTHER),
    "an offset table": lambda ds: added(ds, 0x7FE00001, "OV", bytes(16)),
    "offset tables": lambda ds: [added(ds, 0x7FE00001, "OV", bytes(16)), added(ds, 0x7FE00002, "OV", bytes(16))],
    "big endian": lambda ds: setattr(ds.file_meta, "TransferSyntaxUID", ExplicitVRBigEndian),
    "RLE": lambda ds: setattr(ds.file_meta, "TransferSyntaxUID", RLELossless),
    "JPEG 2000": lambda ds: setattr(ds.file_meta, "TransferSyntaxUID", JPEG2000Lossless),
    "an unknown syntax": lambda ds: setattr(ds.file_meta, "TransferSyntaxUID", UID("1.2.3")),
    "a raw syntax": lambda ds: put(
        ds.file_meta, 0x00020010, raw(0x00020010, "UI", f"{ImplicitVRLittleEndian}\0".encode())
    ),
    "a syntax of type str": lambda ds: put(
        ds.file_meta,
        0x00020010,
        DataElement(0x00020010, "UI", str(ImplicitVRLittleEndian), already_converted=True),
    ),
    "a syntax as attribute": lambda ds: vars(ds.file_meta).update(TransferSyntaxUID=ExplicitVRBigEndian),
    "no syntax": lambda ds: delattr(ds.file_meta, "TransferSyntaxUID"),
    "no file meta": lambda ds: setattr(ds, "file_meta", None),
    "other file meta": lambda ds: setattr(ds, "file_meta", FileMetaDataset()),
    "deleted file meta": lambda ds: delattr(ds, "file_meta"),
    "a class of file meta": lambda ds: ds.__dict__.update(file_meta=Meta(ds.file_meta)),
    "array forgotten": lambda ds: setattr(ds, "_pixel_array", None),
    "array deleted": lambda ds: delattr(ds, "_pixel_array"),
    "array replaced": lambda ds: setattr(ds, "_pixel_array", np.zeros(3)),
    "ids forgotten": lambda ds: setattr(ds, "_pixel_id", {}),
    "ids deleted": lambda ds: delattr(ds, "_pixel_id"),
    "options deleted": lambda ds: delattr(ds, "_pixel_array_opts"),
    "options emptied": lambda ds: setattr(ds, "_pixel_array_opts", {}),
    "an attribute": lambda ds: vars(ds).update(Rows=3),
    "index": lambda ds: ds.pixel_array_options(index=1),
    "index too high": lambda ds: ds.pixel_array_options(index=2),
    "index, negative": lambda ds: ds.pixel_array_options(index=-1),
    "index, numpy": lambda ds: ds.pixel_array_options(index=np.int64(1)),
    "index, bool": lambda ds: ds.pixel_array_options(index=True),
    "raw": lambda ds: ds.pixel_array_options(raw=True),
    "plugin": lambda ds: ds.pixel_array_options(decoding_plugin="PYDICOM"),
    "unknown plugin": lambda ds: ds.pixel_array_options(decoding_plugin="unknown"),
    "legacy": lambda ds: ds.pixel_array_options(use_v2_backend=True),
    "as_rgb": lambda ds: ds.pixel_array_options(as_rgb=False),
    "unused bits": lambda ds: [setattr(ds, "BitsStored", 9), ds.pixel_array_options(correct_unused_bits=False)],
    "rows, option": lambda ds: ds.pixel_array_options(rows=6, columns=4),
    "view": lambda ds: ds.pixel_array_options(view_only=True),
    "validate": lambda ds: ds.pixel_array_options(validate=False),
    "src": lambda ds: ds.pixel_array_options(src=b""),
    "decoder": lambda ds: ds.pixel_array_options(decoder=None),
    "dataset": lambda ds: ds.pixel_array_options(dataset=None, elements=None),
    "ds_out": lambda ds: ds.pixel_array_options(ds_out=Dataset()),
    "unknown option": lambda ds: ds.pixel_array_options(tint="blue"),
    "default options": lambda ds: ds.pixel_array_options(),
}
