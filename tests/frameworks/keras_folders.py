"""The same images as DICOM files and as lossless PNG, in class folders that are hard to list."""

import runpy
import shutil
from pathlib import Path

from PIL import Image
from pydicom.data import get_testdata_file

import dicomet

TOY_DATA = Path(__file__).parents[2] / "examples" / "toy_data.py"
# A PNG decoder cuts the luma of colors that become gray, where it is rounded here; a resizer in float32 adds its own.
ONE_LEVEL = 1.001


def make(root):
    """Return a folder of DICOM files and one of PNG files, with the same classes and names."""
    runpy.run_path(str(TOY_DATA))["make"](root, per_class=12)
    dicom = root / "train"
    add_odd_ones(dicom)
    png = root / "png"
    for path in sorted(dicom.rglob("*.dcm")):
        target = png / path.relative_to(dicom).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(shown(path)).save(target)
    return dicom, png


def add_odd_ones(dicom):
    """Sub-folders that sort otherwise than whole paths do, other sizes and forms, many frames."""
    for name, target in [
        ("CT_small.dcm", "disc/a/ct.dcm"),
        ("MR_small.dcm", "disc/a-b/mr.DCM"),
        ("examples_palette.dcm", "disc/palette.dcm"),
        ("rtdose.dcm", "ring/z.dcm"),
        ("SC_rgb_small_odd.dcm", "cross/odd.dcm"),
    ]:
        path = dicom / target
        path.parent.mkdir(exist_ok=True)
        shutil.copy(get_testdata_file(name), path.with_suffix(".dcm"))


def shown(path):
    with dicomet.open(path) as image:
        middle = len(image) // 2
    return dicomet.to_display(path, index=middle)


def names(dataset, folder):
    return [Path(path).relative_to(folder).with_suffix("") for path in dataset.file_paths]
