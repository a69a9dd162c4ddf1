"""Class folders of DICOM files for Keras, as a `tf.data.Dataset` or as a `keras.utils.PyDataset` for any backend.

>>> import dicomet.keras
>>> batches = dicomet.keras.image_dataset_from_directory("train", image_size=(224, 224))
>>> batches = dicomet.keras.DicomPyDataset("train", image_size=(224, 224), workers=4)
>>> model.fit(batches)
"""

from dicomet._utils.extras import needs

try:
    import keras  # noqa: F401 - reports a missing Keras before anything else
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs("dicomet.keras", "Keras", "keras"), name=error.name) from error

from dicomet.keras.py_dataset import DicomPyDataset
from dicomet.keras.tf_dataset import image_dataset_from_directory

__all__ = ["DicomPyDataset", "image_dataset_from_directory"]
