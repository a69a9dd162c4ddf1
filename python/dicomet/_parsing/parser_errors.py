"""The exceptions of pydicom's parser, as errors of dicomet. Imports nothing from pydicom."""

from collections.abc import Iterator
from contextlib import contextmanager

from dicomet.errors import MissingElementError, PixelDataError


@contextmanager
def as_pixel_data_error() -> Iterator[None]:
    """Convert the exceptions of pydicom's parser for a malformed data set to `PixelDataError`.

    The parser raises many types (`struct.error`, `EOFError`, `KeyError`, `NotImplementedError`, `RecursionError`, ...)
    without a common base class. A missing element remains an `AttributeError`, an unreadable file an `OSError`.
    """
    try:
        yield
    except (MemoryError, Warning, PixelDataError):
        # A warning is raised if the caller's warning filter is "error".
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        # Raised by the parser itself, for data that ends too early.
        raise PixelDataError(f"the data set cannot be parsed: {error}") from error
    except AttributeError as error:
        raise MissingElementError(str(error)) from error
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise PixelDataError(f"the data set cannot be parsed: {reason}") from error
