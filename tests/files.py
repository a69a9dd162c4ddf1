"""The expected outcome of every file in pydicom and pydicom-data, and of some more of pydicom's test data.

There are four outcomes. Each file has one for its source (path, open file or bytes) and one for pydicom's Dataset:

* `EQUAL`: dicomet and pydicom return equal arrays.
* `ONLY`: dicomet decodes the image, pydicom does not.
* `REFUSED`: neither returns an array, because the image is damaged or its description is missing.
* `NO_IMAGE`: there is nothing to decode.
"""

from dataclasses import dataclass
from pathlib import Path

import pydicom
from data_folder import PYDICOM_REPOSITORY
from pydicom.uid import UID, ImplicitVRLittleEndian

from dicomet import MissingElementError, PixelDataError

try:
    import data_store
except ImportError:
    data_store = None

EQUAL, ONLY, REFUSED, NO_IMAGE = "equal", "dicomet only", "refused", "no image"

NOT_HERE = Path("does not exist")
ROOTS = {
    "pydicom": Path(pydicom.__file__).parent / "data" / "test_files",
    "pydicom-data": NOT_HERE if data_store is None else Path(data_store.__file__).parent / "data",
    "pydicom-repository": PYDICOM_REPOSITORY,
}


@dataclass(frozen=True)
class Expected:
    """The outcomes for a file and for its Dataset, with the expected warnings and errors."""

    file: str = EQUAL
    dataset: str = EQUAL
    why: str = ""
    error: type[PixelDataError] = PixelDataError
    says: str = ""
    """A regular expression for dicomet's error message."""
    pydicom_error: type[Exception] = Exception
    """The exception that pydicom raises where only dicomet decodes."""
    file_warning: str | None = None
    dataset_warning: str | None = None
    transfer_syntax: UID | None = None
    """The transfer syntax that the caller must pass, because the file does not contain it."""
    slow: bool = False
    """The image has many frames, of which only some are compared."""


def _no_image(why: str, says: str) -> Expected:
    return Expected(NO_IMAGE, NO_IMAGE, why, MissingElementError, says)


_EQUAL = Expected()
_NOT_DICOM = _no_image("not a DICOM file", "(?i)transfer.syntax.uid|not a DICOM file")
_NO_META = _no_image("a data set without meta information and without pixel data", "(?i)transfer.syntax.uid")
_NO_PIXELS = _no_image("a data set without pixel data", "no pixel data to decode")


def _all(names: str, expected: Expected) -> dict[str, Expected]:
    return dict.fromkeys(names.split(), expected)


_PYDICOM = {
    # Native
    **_all(
        """
        CT_small.dcm ExplVR_BigEnd.dcm MR_small.dcm MR_small_bigendian.dcm MR_small_expb.dcm MR_small_implicit.dcm
        SC_rgb_jpeg_dcmd.dcm SC_rgb_small_odd.dcm SC_rgb_small_odd_big_endian.dcm SC_ybr_full_422_uncompressed.dcm
        examples_overlay.dcm examples_palette.dcm examples_rgb_color.dcm liver_1frame.dcm liver_expb_1frame.dcm
        rtdose.dcm rtdose_1frame.dcm rtdose_expb.dcm rtdose_expb_1frame.dcm
        dicomdirtests/77654033/*/* dicomdirtests/98892001/*/* dicomdirtests/98892003/*/*
        """,
        _EQUAL,
    ),
    "J2K_pixelrep_mismatch.dcm": Expected(
        file_warning=r"found 1 \(signed\), expected that of the codestream \(unsigned\)",
        dataset_warning=r"found 1 \(signed\), expected that of the codestream \(unsigned\)",
    ),
    "MR_small_padded.dcm": Expected(
        why="128 bytes follow the image",
        file_warning="found 8320 bytes, expected 8192",
        dataset_warning="found 8320 bytes, expected 8192",
    ),
    "image_dfl.dcm": Expected(file=ONLY, why="pydicom does not inflate a deflated file", pydicom_error=AttributeError),
    # RLE Lossless
    **_all(
        """
        MR_small_RLE.dcm SC_rgb_rle.dcm SC_rgb_rle_16bit.dcm SC_rgb_rle_16bit_2frame.dcm SC_rgb_rle_2frame.dcm
        SC_rgb_rle_32bit.dcm SC_rgb_rle_32bit_2frame.dcm rtdose_rle.dcm rtdose_rle_1frame.dcm
        """,
        _EQUAL,
    ),
    # JPEG, JPEG-LS, JPEG 2000
    **_all(
        """
        693_J2KI.dcm GDCMJ2K_TextGBR.dcm JPEG2000.dcm JPEGLSNearLossless_08.dcm
        JPEGLSNearLossless_16.dcm JPGExtended.dcm MR_small_jp2klossless.dcm MR_small_jpeg_ls_lossless.dcm
        SC_jpeg_no_color_transform.dcm SC_jpeg_no_color_transform_2.dcm SC_rgb_dcmtk_+eb+cr.dcm
        SC_rgb_dcmtk_+eb+cy+n1.dcm SC_rgb_dcmtk_+eb+cy+n2.dcm SC_rgb_dcmtk_+eb+cy+np.dcm SC_rgb_dcmtk_+eb+cy+s2.dcm
        SC_rgb_dcmtk_+eb+cy+s4.dcm SC_rgb_gdcm_KY.dcm SC_rgb_jls_lossy_line.dcm SC_rgb_jls_lossy_sample.dcm
        SC_rgb_jpeg_app14_dcmd.dcm SC_rgb_jpeg_dcmtk.dcm SC_rgb_jpeg_gdcm.dcm SC_rgb_jpeg_lossy_gdcm.dcm
        SC_rgb_small_odd_jpeg.dcm examples_jpeg2k.dcm examples_ybr_color.dcm
        """,
        _EQUAL,
    ),
    "SC_rgb_jpeg.dcm": Expected(
        file=ONLY,
        why="the data set is in Implicit VR, against its transfer syntax; pydicom takes the pixel data for Explicit VR",
        pydicom_error=ValueError,
    ),
    "JPEG-lossy.dcm": Expected(
        ONLY, ONLY, "12-bit JPEG with a wrong scan header, which every plugin refuses", pydicom_error=RuntimeError
    ),
    # Damaged, or without a description
    "JPEG2000-embedded-sequence-delimiter.dcm": Expected(
        REFUSED, REFUSED, "a delimiter was written over the codestream's size", says="frame 0: the codestream has"
    ),
    "MR_truncated.dcm": Expected(
        REFUSED, REFUSED, "62 bytes of the image are missing", says="found 8130 bytes, expected 8192"
    ),
    "badVR.dcm": Expected(REFUSED, REFUSED, "Number of Frames is '1A'", says="'1A'"),
    "nested_priv_SQ.dcm": Expected(
        REFUSED,
        REFUSED,
        "two bytes of pixel data, not described",
        MissingElementError,
        r"\(0028,0100\) 'Bits Allocated'",
    ),
    "meta_missing_tsyntax.dcm": Expected(
        REFUSED,
        REFUSED,
        "two bytes of pixel data, not described",
        MissingElementError,
        r"\(0028,0100\) 'Bits Allocated'",
        transfer_syntax=ImplicitVRLittleEndian,
    ),
    # No image
    **_all(
        """
        README.txt crayons.icc rtplan.dump rtstruct.dump test1.json test_PN.json zipMR.gz
        dicomdirtests/README.txt dicomdirtests/TINY_ALPHA/README
        """,
        _NOT_DICOM,
    ),
    **_all("ExplVR_BigEndNoMeta.dcm ExplVR_LitEndNoMeta.dcm no_meta.dcm rtstruct.dcm", _NO_META),
    **_all(
        """
        UN_sequence.dcm empty_charset_LEI.dcm no_meta_group_length.dcm priv_SQ.dcm reportsi.dcm
        reportsi_with_empty_number_tags.dcm rtplan.dcm rtplan_truncated.dcm test-SR.dcm waveform_ecg.dcm
        dicomdirtests/DICOMDIR* dicomdirtests/TINY_ALPHA/DICOMDIR dicomdirtests/TINY_ALPHA/*/*/*/IM*
        """,
        _NO_PIXELS,
    ),
}

_PYDICOM_DATA = {
    # Native
    **_all(
        """
        693_UNCI.dcm 693_UNCR.dcm JPEG2000_UNC.dcm MR-SIEMENS-DICOM-WithOverlays.dcm MR2_UNCI.dcm MR2_UNCR.dcm
        OBXXXX1A.dcm OBXXXX1A_2frame.dcm OBXXXX1A_expb.dcm OBXXXX1A_expb_2frame.dcm RG1_UNCI.dcm RG1_UNCR.dcm
        RG3_UNCI.dcm RG3_UNCR.dcm SC_rgb.dcm SC_rgb_16bit.dcm SC_rgb_16bit_2frame.dcm SC_rgb_2frame.dcm
        SC_rgb_32bit.dcm SC_rgb_32bit_2frame.dcm SC_rgb_dcmtk_ebcr_dcmd.dcm SC_rgb_dcmtk_ebcyn1_dcmd.dcm
        SC_rgb_dcmtk_ebcyn2_dcmd.dcm SC_rgb_dcmtk_ebcynp_dcmd.dcm SC_rgb_dcmtk_ebcys2_dcmd.dcm
        SC_rgb_dcmtk_ebcys4_dcmd.dcm SC_rgb_expb.dcm SC_rgb_expb_16bit.dcm SC_rgb_expb_16bit_2frame.dcm
        SC_rgb_expb_2frame.dcm SC_rgb_expb_32bit.dcm SC_rgb_expb_32bit_2frame.dcm SC_rgb_gdcm2k_uncompressed.dcm
        SC_ybr_full_uncompressed.dcm US1_UNCI.dcm US1_UNCR.dcm color-pl.dcm color-px.dcm eCT_Supplemental.dcm
        emri_small.dcm emri_small_big_endian.dcm gdcm-US-ALOKA-16.dcm gdcm-US-ALOKA-16_big.dcm liver.dcm
        liver_expb.dcm mlut_18.dcm vlut_04.dcm
        """,
        _EQUAL,
    ),
    "OT-PAL-8-face.dcm": Expected(why="no meta information", transfer_syntax=ImplicitVRLittleEndian),
    # RLE Lossless
    **_all("OBXXXX1A_rle.dcm OBXXXX1A_rle_2frame.dcm emri_small_RLE.dcm", _EQUAL),
    # JPEG, JPEG-LS, JPEG 2000
    **_all(
        """
        693_J2KR.dcm JPEG-LL.dcm JPGLosslessP14SV1_1s_1f_8b.dcm MR2_J2KI.dcm MR2_J2KR.dcm RG1_J2KI.dcm RG1_J2KR.dcm
        RG3_J2KI.dcm RG3_J2KR.dcm US1_J2KI.dcm US1_J2KR.dcm bad_sequence.dcm emri_small_jpeg_2k_lossless.dcm
        emri_small_jpeg_ls_lossless.dcm explicit_VR-UN.dcm
        """,
        _EQUAL,
    ),
    "color3d_jpeg_baseline.dcm": Expected(why="120 frames", slow=True),
    "emri_small_jpeg_2k_lossless_too_short.dcm": Expected(
        dataset=NO_IMAGE,
        why="the file ends before the delimiter of the last frame; dcmread then leaves the pixel data out",
        error=MissingElementError,
        says="no pixel data to decode",
        file_warning="found the end of the data, expected an item or the Sequence Delimitation Item",
    ),
}

_PYDICOM_REPOSITORY = {
    **_all(
        """
        HTJ2KLossless_08_RGB.dcm HTJ2K_08_RGB.dcm JLSL_08_07_0_1F.dcm JLSL_16_15_1_1F.dcm JLSL_RGB_ILV0.dcm
        JLSL_RGB_ILV1.dcm JLSL_RGB_ILV2.dcm JLSN_RGB_ILV0.dcm liver_nonbyte_aligned.dcm
        parametric_map_double_float.dcm parametric_map_float.dcm
        """,
        _EQUAL,
    ),
    "README.md": _NOT_DICOM,
}

# Lossy JPEG of 12 bits, which Pillow cannot decode and for which pylibjpeg has other values, and irreversible JPEG
# 2000, which OpenJPEG rounds in its own way. `test_files.py` compares the values.
OTHER_VALUES = {
    *("JPGExtended.dcm", "JPEG-lossy.dcm"),
    *("JPEG2000.dcm", "MR2_J2KI.dcm", "RG1_J2KI.dcm", "RG3_J2KI.dcm", "US1_J2KI.dcm", "HTJ2K_08_RGB.dcm"),
}

TABLE = {"pydicom": _PYDICOM, "pydicom-data": _PYDICOM_DATA, "pydicom-repository": _PYDICOM_REPOSITORY}


@dataclass(frozen=True)
class Case:
    """A file and its expected outcome."""

    root: str
    name: str
    expected: Expected

    @property
    def path(self) -> Path:
        """The path of the file."""
        return ROOTS[self.root] / self.name

    def __str__(self) -> str:
        return f"{self.root}/{self.name}"


def cases() -> list[Case]:
    """Return a case for every file in the table whose folder exists."""
    return [
        Case(root, name, expected)
        for root, table in TABLE.items()
        for pattern, expected in table.items()
        for name in matches(root, pattern)
    ]


def matches(root: str, pattern: str) -> list[str]:
    """Return the files that match an entry of the table."""
    folder = ROOTS[root]
    if not any(character in pattern for character in "*?["):
        return [pattern] if (folder / pattern).is_file() else []
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.is_file())


def found(root: str) -> set[str]:
    """Return every file in a folder, except the Python files of the package that contains the data."""
    folder = ROOTS[root]
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "__init__.py" and path.suffix != ".pyc"
    }
