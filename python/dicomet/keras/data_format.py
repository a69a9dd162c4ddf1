"""The order of axes of Keras' images."""

import keras

from dicomet.loaders.loading import check_one_of


def is_channels_first(data_format: str | None) -> bool:
    """Tell whether the channels come first. Without `data_format`, Keras' configuration decides."""
    found = keras.config.image_data_format() if data_format is None else data_format
    return check_one_of("data_format", found, ("channels_last", "channels_first")) == "channels_first"
