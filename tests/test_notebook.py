"""What an image, a series and a volume show in a notebook: pictures, a description, or what is wrong; no exception."""

import base64
import html
import io
import re
import warnings
import zipfile
from html.parser import HTMLParser

import numpy as np
import oracle
import pydicom
import pytest
from convert_files import dicom, gray
from files import ROOTS, cases
from oracle import Image
from series_files import Stack, enhanced, write
from slides import Slide, dataset, file_of, matrices

import dicomet
from dicomet.display import preview
from dicomet.display.contact_sheet import BACKGROUND, GAP
from dicomet.series import preview as series_preview

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


def test_the_spacing_of_functional_groups_counts():
    data = enhanced(Stack(count=2, shape=(8, 8), spacing=(0.5, 1)), [0, 1])
    first = decoded(dicomet.open(data)._repr_png_())[GAP : GAP + 160, GAP : GAP + 160]
    rows = (first != BACKGROUND).any(axis=(1, 2))
    assert rows.sum() == 80


def test_the_functional_groups_of_tiles_are_not_read(monkeypatch):
    """A slide has some 100,000."""
    read = []

    class Recorded(preview.DisplayReader):
        def __init__(self, *arguments, frames_vary=True, **options):
            read.append(frames_vary)
            super().__init__(*arguments, frames_vary=frames_vary, **options)

    monkeypatch.setattr(preview, "DisplayReader", Recorded)
    slide = Slide(matrices(1, 1, 64, 96), sparse=True)
    assert dicomet.open(file_of(dataset(slide)))._repr_png_() is not None
    assert dicomet.open(CT)._repr_png_() is not None
    assert read == [False, True]


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


def tiles_of(sheet, rows, columns):
    size = 160 + GAP
    return [
        sheet[GAP + row * size : (row + 1) * size, GAP + column * size : (column + 1) * size]
        for row in range(rows)
        for column in range(columns)
    ]


def brightness(tiles):
    return [float(one[(one != BACKGROUND).any(axis=2)].mean()) for one in tiles]


def flat_slices(values, **elements):
    """Slices of 8 x 8 pixels with one value each, at 2.5 mm, with pixels of 0.5 x 1 mm."""
    stack = Stack(count=len(values), shape=(8, 8), spacing=(0.5, 1))
    slices = [stack.slice(number, **elements) for number in range(len(values))]
    for data, value in zip(slices, values, strict=True):
        data.PixelData = np.full((8, 8), value, "<u2").tobytes()
    return slices


def test_a_series(tmp_path):
    """Of 11 slices in any order, those at 0, 2, 4, 6, 8 and 10, as `to_display` shows them."""
    slices = flat_slices(range(0, 1100, 100), WindowCenter=-524, WindowWidth=1001)
    write(tmp_path, slices)
    (series,) = dicomet.find_series(tmp_path)
    png, text, errors = shown(series)
    tiles = tiles_of(decoded(png), 2, 3)
    expected = [dicomet.to_display(slices[number])[0, 0] for number in range(0, 11, 2)]
    assert brightness(tiles) == pytest.approx(expected, abs=1)
    assert (tiles[0] != BACKGROUND).any(axis=(1, 2)).sum() == 80
    for words in ("11 slices of 8 rows and 8 columns, CT", "MONOCHROME2", "2.5 x 0.5 x 1 mm", "files 11"):
        assert words in text
    assert not errors
    assert not any(secret in text for secret in ("DOE", "Thorax", series.uid, str(tmp_path)))


def test_a_series_with_a_file_that_cannot_be_decoded(tmp_path):
    paths = write(tmp_path, flat_slices([100, 200, 300]))
    paths[2].write_bytes(paths[2].read_bytes()[:-20])
    (series,) = dicomet.find_series(tmp_path)
    png, _, (error,) = shown(series)
    assert "found 108 bytes, expected 128" in error
    third = tiles_of(decoded(png), 2, 2)[2]
    assert tuple(third[80, 80]) in {(48, 48, 48), (224, 64, 64)}


def test_a_series_whose_files_are_gone(tmp_path):
    (series,) = dicomet.find_series(write(tmp_path, flat_slices([100, 200])))
    for file in series.files:
        file.unlink()
    png, text, errors = shown(series)
    assert png is None
    assert "2 slices" in text
    assert errors[0].startswith("FileNotFoundError")


def test_series_of_other_sources(tmp_path, monkeypatch):
    """An enhanced file, which is opened once, and an archive, of which each member is."""
    opened = []

    class Recorded(preview.TileReader):
        def __init__(self, source, *arguments):
            opened.append(source)
            super().__init__(source, *arguments)

    monkeypatch.setattr(series_preview, "TileReader", Recorded)
    data = enhanced(Stack(count=4), [2, 0, 3, 1])
    archive = tmp_path / "series.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in write(tmp_path / "files", Stack(count=4).slices()):
            file.write(path, path.name)
    for source, count in (([data], 1), (archive, 4)):
        opened.clear()
        (series,) = dicomet.find_series(source)
        png, _, errors = shown(series)
        assert png is not None
        assert not errors
        assert len(opened) == count


def test_issues_of_a_series_are_shown():
    slices = flat_slices([1, 2, 3, 4, 5])
    del slices[3]
    _, text, _ = shown(dicomet.find_series(slices)[0])
    assert "gaps 2 files" in text


@pytest.mark.parametrize("values", ["stored", "modality"])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_a_volume(values, photometric):
    """From the 1st to the 99th percentile of the slices that are shown."""
    slices = flat_slices(range(0, 1100, 100), PhotometricInterpretation=photometric)
    volume = dicomet.read_volume(slices, values=values)
    png, text, errors = shown(volume)
    tiles = tiles_of(decoded(png), 2, 3)
    expected = np.linspace(0, 255, 6)
    assert brightness(tiles) == pytest.approx(expected if photometric == "MONOCHROME2" else expected[::-1], abs=1)
    assert (tiles[0] != BACKGROUND).any(axis=(1, 2)).sum() == 80
    for words in ("11 slices of 8 rows", f"{volume.dtype} of shape (11, 8, 8), {values} values", "2.5 x 0.5 x 1 mm"):
        assert words in text
    assert not errors


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_volume_of_display_values(dtype):
    slices = flat_slices([100, 200, 300], WindowCenter=-824, WindowWidth=401)
    png = dicomet.read_volume(slices, values="display", dtype=dtype)._repr_png_()
    expected = [dicomet.to_display(data)[0, 0] for data in slices]
    assert brightness(tiles_of(decoded(png), 2, 2)[:3]) == pytest.approx(expected, abs=1)


def test_a_volume_of_values_that_are_not_numbers():
    volume = dicomet.read_volume(flat_slices([100, 200]), dtype=np.float32)
    volume.array[0] = np.nan
    assert brightness(tiles_of(decoded(volume._repr_png_()), 1, 2)[:1]) == [0]
    volume.array[1] = np.inf
    assert volume._repr_png_() is not None


def test_a_volume_of_colors():
    stack, color = Stack(count=2, shape=(8, 8), spacing=(1, 1)), np.full((8, 8, 3), (200, 100, 50), np.uint8)
    elements = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "BitsAllocated": 8, "BitsStored": 8}
    slices = [stack.slice(number, HighBit=7, PlanarConfiguration=0, **elements) for number in range(2)]
    for data in slices:
        data.PixelData = color.tobytes()
    for shows in (dicomet.read_volume(slices), dicomet.find_series(slices)[0]):
        assert (decoded(shows._repr_png_())[GAP:-GAP, GAP : GAP + 160] == (200, 100, 50)).all()


def test_volumes_in_ipython():
    formatters = pytest.importorskip("IPython.core.formatters")
    (series,) = dicomet.find_series(Stack().slices())
    for shows in (series, series.volume()):
        found, _ = formatters.DisplayFormatter().format(shows)
        assert {"image/png", "text/html", "text/plain"} <= set(found)
