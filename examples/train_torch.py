"""Train a small network with PyTorch directly on DICOM files, without an export.

$ pip install '.[torch]' pillow
$ python examples/toy_data.py FOLDER
$ python examples/train_torch.py FOLDER                  # or: --png FOLDER, for PNG files from `dicomet convert`

FOLDER has ``train`` and ``test``, each with one folder per class. The exit status is 1 if the network has not learned.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from dicomet.torch import DicomDataset

# The test accuracy that counts as success. On the toy data, guessing reaches a third.
LEARNT = 0.8


class PngFolder(Dataset[Any]):
    """The same images as PNG files in class folders, read without dicomet."""

    def __init__(self, folder: Path) -> None:
        """Find the files."""
        self.classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
        self.samples = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted((folder / name).rglob("*.png"))
        ]  # fmt: skip

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.samples[index]
        with Image.open(path) as image:
            array = np.asarray(image.convert("RGB"), np.float32) / 255
        return gray(torch.from_numpy(array).permute(2, 0, 1)), label


def gray(image: torch.Tensor) -> torch.Tensor:
    """Return an image of 1 or 3 channels with a single channel, their mean."""
    return image.mean(0, keepdim=True)


def images(folder: Path, *, png: bool) -> DicomDataset | PngFolder:
    """Return the images of a folder as float32 from 0 to 1, and their labels."""
    return PngFolder(folder) if png else DicomDataset(folder, dtype=np.float32, transform=gray)


def network(classes: int) -> nn.Module:
    """Return a network that detects small shapes anywhere in an image."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(32, classes),
    )  # fmt: skip


def train(model: nn.Module, loader: DataLoader[Any], epochs: int) -> None:
    """Fit the model, and print the loss of each epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for epoch in range(epochs):
        losses = []
        for batch, labels in loader:
            loss = nn.functional.cross_entropy(model(batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}")


@torch.no_grad()
def accuracy(model: nn.Module, loader: DataLoader[Any]) -> float:
    """Return the fraction of images that the model classifies correctly."""
    model.eval()
    right = [(model(batch).argmax(1) == labels).float() for batch, labels in loader]
    return torch.cat(right).mean().item()


def main() -> int:
    """Train and test, print the accuracy, and return the exit status."""
    parser = argparse.ArgumentParser(description="Train a small network straight from DICOM files.")
    parser.add_argument("folder", type=Path, help="with train/CLASS/FILES and test/CLASS/FILES")
    parser.add_argument("--png", action="store_true", help="the files are PNG")
    parser.add_argument("--epochs", type=int, default=3, help="times that every image is seen (default: 3)")
    parser.add_argument("--workers", type=int, default=0, help="processes that load (default: none)")
    options = parser.parse_args()
    torch.manual_seed(0)
    # For so small a network, several threads are slower than one.
    torch.set_num_threads(1)
    training, test = (images(options.folder / split, png=options.png) for split in ("train", "test"))
    model = network(len(training.classes))
    train(model, DataLoader(training, batch_size=16, shuffle=True, num_workers=options.workers), options.epochs)
    score = accuracy(model, DataLoader(test, batch_size=64, num_workers=options.workers))
    print(f"accuracy: {score:.3f} of {len(test)} images")
    return 0 if score >= LEARNT else 1


if __name__ == "__main__":
    sys.exit(main())
