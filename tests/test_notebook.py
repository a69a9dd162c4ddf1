"""What an open image shows in a notebook: its frames, its description, or what is wrong, but never an exception."""

import base64
import html
import io
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import oracle
import pydicom
import pytest
from convert_files import dicom, gray
from files import ROOTS, cases
from oracle import Image

import dicomet
from dicomet.display import preview
from dicomet.display.contact_sheet import GAP

CT = ROOTS["pydicom"] / "CT_small.dcm"


class Tags(HTMLParser):
    """The tags and the text of a document, whose tags must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.open = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def shown(image):
    """Return the sheet, the texts and the errors that a notebook shows; the sheet is the same in both forms."""
    png, document = image._repr_png_(), Tags(image._repr_html_())
    pictures = [attrs["src"] for tag, attrs in document.found if tag == "img"]
    assert pictures == ([] if png is None else ["data:image/png;base64," + base64.b64encode(png).decode()])
    errors = [text for text, (tag, _) in zip(document.text[::-1], document.found[::-1], strict=False) if tag == "pre"]
    return png, " ".join(document.text), errors


def test_a_frame_and_its_description():
    with dicomet.open(CT) as image:
        png, text, errors = shown(image)
        assert image._repr_png_() is png
    sheet = decoded(png)
    assert sheet.shape == (160 + 2 * GAP, 160 + 2 * GAP, 3)
    expected = dicomet.to_display(CT)
    # Enlarged from 128 to 160 pixels: the mean stays.
    assert abs(float(sheet[GAP:-GAP, GAP:-GAP].mean()) - float(expected.mean())) < 1
    for words in (
        "1 frame of 128 rows and 128 columns",
        "1 sample of 16 bits in 16, MONOCHROME2",
        "int16 of shape (1, 128",
    ):
        assert words in text
    assert "Explicit VR Little Endian" in text
    assert not errors


def decoded(png):
    pillow = pytest.importorskip("PIL.Image")
    with pillow.open(io.BytesIO(png)) as found:
        return np.asarray(found.convert("RGB"))


def test_frames_are_spread():
    """Of 11 frames, frames 0, 2, 4, 6, 8 and 10, each of one value."""
    values = np.repeat(np.arange(11, dtype=np.uint8) * 20, 64).reshape(11, 8, 8)
    sheet = decoded(dicomet.open(dicom(values, frames=11))._repr_png_())
    tiles = [
        sheet[
            GAP + row * (160 + GAP) : (row + 1) * (160 + GAP), GAP + column * (160 + GAP) : (column + 1) * (160 + GAP)
        ]
        for row in range(2)
        for column in range(3)
    ]
    assert [set(one.ravel().tolist()) for one in tiles] == [{0}, {40}, {80}, {120}, {160}, {200}]


def test_pixels_are_square_and_sources_are_of_any_kind():
    dataset = pydicom.dcmread(io.BytesIO(dicom(np.full((8, 8), 200, np.uint8))))
    dataset.PixelSpacing = [1, 2]
    file = io.BytesIO()
    dataset.save_as(file)
    for source in (dataset, file, file.getvalue()):
        sheet = decoded(dicomet.open(source)._repr_png_())[GAP:-GAP, GAP:-GAP]
        assert (sheet == 200).all(-1).sum() == 80 * 160


def test_arguments_of_open_count():
    data = dicom(np.full((4, 8), 100, np.uint8))
    png, text, _ = shown(dicomet.open(data, rows=8, columns=4))
    assert "8 rows and 4 columns" in text
    assert png is not None
    found = oracle.elements(Image(np.zeros((1, 3, 4, 1), np.uint8), 8, 8), bytes(12), "OB")
    alone = oracle.dicom_file(found).partition(b"1.2.840.10008.1.2.1\0")[2]
    assert dicomet.open(alone, transfer_syntax_uid="1.2.840.10008.1.2.1")._repr_png_() is not None


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_real_file_shows_itself(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = dicomet.open(case.path)
        except dicomet.PixelDataError:
            return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png, text, errors = shown(image)
    assert f"{image._frames.description.image.rows} rows" in text
    assert png or errors


def test_a_frame_that_cannot_be_decoded():
    dataset = pydicom.dcmread(ROOTS["pydicom"] / "SC_rgb_rle_2frame.dcm")
    value = bytearray(dataset.PixelData)
    place = value.rindex(b"\xfe\xff\x00\xe0") + 8
    value[place : place + 4] = b"\x09\0\0\0"
    dataset.PixelData = bytes(value)
    png, text, errors = shown(dicomet.open(dataset))
    assert "2 frames of 100 rows" in text
    (error,) = errors
    assert "frame 1" in error
    sheet = decoded(png)
    assert tuple(sheet[GAP + 80, 160 + 2 * GAP + 80]) in {(48, 48, 48), (224, 64, 64)}


def test_an_image_without_a_frame_that_can_be_decoded():
    image = dicomet.open(dicom(gray(), bits=12)[:-20])
    png, text, errors = shown(image)
    assert png is None
    assert "6 rows and 5 columns" in text
    places = ("(7FE0,0010) Pixel Data", "(7FE0,0010) Pixel Data, frame 0")
    assert sorted(errors) == [f"{place}: found 40 bytes, expected 60" for place in places[::-1]]


def test_texts_of_a_file_are_not_shown(monkeypatch):
    """Neither as HTML nor at all, because they may identify a patient."""
    image = dicomet.open(CT)

    def fail(*_):
        raise ValueError("found '<script>Doe^Jane</script>' & more")

    monkeypatch.setattr(preview, "ContactSheet", fail)
    text = image._repr_html_()
    assert "<script>" not in text
    assert "Doe" not in text
    assert html.escape("ValueError: found '...' & more") in text
    assert image._repr_png_() is None


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), KeyError("x"), OSError(5, "gone")])
def test_any_error_is_shown(monkeypatch, error):
    def fail(*_, **__):
        raise error

    image = dicomet.open(CT)
    monkeypatch.setattr(preview.DisplayReader, "display", fail)
    png, _, errors = shown(image)
    assert png is None
    assert errors[0].startswith(type(error).__name__)


def test_limits():
    image = dicomet.open(CT, max_bytes=1000)
    png, _, (error,) = shown(image)
    assert png is None
    assert "expected at most the 1000 of 'max_bytes'" in error


def test_a_closed_image():
    image = dicomet.open(CT)
    image.close()
    assert image._repr_png_() is None
    assert image._repr_html_() is None


def test_in_ipython():
    formatters = pytest.importorskip("IPython.core.formatters")
    with dicomet.open(CT) as image:
        found, _ = formatters.DisplayFormatter().format(image)
        assert found["image/png"] == image._repr_png_()
        assert re.match("<div><table>", found["text/html"])
        assert found["text/plain"] == repr(image)
