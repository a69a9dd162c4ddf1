"""Train a small network with Keras directly on DICOM files, without an export.

$ pip install '.[tf]'
$ python examples/toy_data.py FOLDER
$ python examples/train_keras.py FOLDER                       # a tf.data.Dataset
$ python examples/train_keras.py --loader pydataset FOLDER    # for any backend: KERAS_BACKEND=torch
$ python examples/train_keras.py --png FOLDER                 # PNG files from `dicomet convert`, read by Keras

FOLDER has ``train`` and ``test``, each with one folder per class. The exit status is 1 if the network has not learned.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import keras

from dicomet.keras import DicomPyDataset, image_dataset_from_directory

# The test accuracy that counts as success. On the toy data, guessing reaches a third.
LEARNT = 0.8

LOADERS = {"tf.data": image_dataset_from_directory, "pydataset": DicomPyDataset}


def network(classes: int) -> keras.Model:
    """Return a network that detects small shapes anywhere in an image."""
    layers: list[Any] = [keras.Input((48, 48, 1)), keras.layers.Rescaling(1 / 255)]
    for filters in (16, 32, 32):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.8),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
        ]
    return keras.Sequential([*layers, keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(classes, "softmax")])


def main() -> int:
    """Train and test, print the accuracy, and return the exit status."""
    parser = argparse.ArgumentParser(description="Train a small network straight from DICOM files.")
    parser.add_argument("folder", type=Path, help="with train/CLASS/FILES and test/CLASS/FILES")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--loader", choices=LOADERS, default="tf.data", help="of the DICOM files (default: tf.data)")
    which.add_argument("--png", action="store_true", help="the files are PNG")
    parser.add_argument("--epochs", type=int, default=4, help="times that every image is seen (default: 4)")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    load = keras.utils.image_dataset_from_directory if options.png else LOADERS[options.loader]
    # All loaders take the arguments of Keras' function.
    arguments: dict[str, Any] = {"color_mode": "grayscale", "image_size": (48, 48), "batch_size": 16}
    training = load(options.folder / "train", seed=0, **arguments)
    test = load(options.folder / "test", shuffle=False, **arguments)
    model = network(len(training.class_names))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    # The loaders already shuffle.
    model.fit(training, epochs=options.epochs, shuffle=False, verbose=2)
    score = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    print(f"accuracy: {score:.3f} of {len(test.file_paths)} images")
    return 0 if score >= LEARNT else 1


if __name__ == "__main__":
    sys.exit(main())
