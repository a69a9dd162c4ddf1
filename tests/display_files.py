"""pydicom's files, for the tests of `to_display`."""

import files
import pydicom
from files import EQUAL
from pydicom.data import get_testdata_file

# Of a file that pydicom cannot read as its data set says there is nothing to compare with.
IMAGES = [
    case
    for case in files.cases()
    if case.expected.file == case.expected.dataset == EQUAL
    and case.expected.transfer_syntax is None
    and not case.expected.slow
    and "Supplemental" not in case.name
    # pydicom takes words of a palette in big endian for words in little endian.
    and not case.name.startswith("OBXXXX1A_expb")
]


BRIGHTEST = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def path_of(name: str) -> str:
    return get_testdata_file(name, download=False)


def read(name: str) -> pydicom.Dataset:
    return pydicom.dcmread(path_of(name), force=True)


CT, MR = path_of("CT_small.dcm"), path_of("MR_small.dcm")
