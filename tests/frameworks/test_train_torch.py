"""`examples/train_torch.py` learns from the files of `examples/toy_data.py`, and says so if it does not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dicomet
from dicomet.__main__ import main
from dicomet.loaders.folders import find_class_files, find_files

pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[torch]'")
pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")

EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(script, *arguments):
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - our own


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Return a folder of toy data."""
    folder = tmp_path_factory.mktemp("toy")
    done = _run("toy_data.py", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_from_dicom(toy):
    ran = _run("train_torch.py", toy)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "accuracy: " in ran.stdout
    assert "of 75 images" in ran.stdout


def test_from_png(toy, tmp_path):
    assert main(["convert", str(toy), "-o", str(tmp_path)]) == 0
    assert len(list(tmp_path.rglob("*.png"))) == len(find_files(toy))
    ran = _run("train_torch.py", "--png", tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "of 75 images" in ran.stdout


def test_poor_accuracy_is_reported(toy, tmp_path):
    """Each class is tested under the name of another one."""
    names, _, _ = find_class_files(toy / "train")
    (tmp_path / "test").mkdir()
    (tmp_path / "train").symlink_to(toy / "train")
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        (tmp_path / "test" / other).symlink_to(toy / "test" / name)
    ran = _run("train_torch.py", tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert float(ran.stdout.rsplit("accuracy: ", 1)[1].split()[0]) < 0.2


def test_every_form_shows_the_same(toy):
    """The five forms of the toy data have bright shapes on dark: what differs is only how they are stored."""
    for path in find_files(toy / "train" / "disc")[:10]:
        image = dicomet.to_display(path, dtype=np.float32)
        image = image.mean(-1) if image.ndim == 3 else image
        assert np.median(image) < 0.4, path
        assert np.quantile(image, 0.98) > 0.5, path
