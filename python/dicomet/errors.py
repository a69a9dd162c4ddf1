"""What dicomet raises: one exception, and two that also are what pydicom raises in the same place."""


class PixelDataError(ValueError):
    """Pixel data, or its description, is not what the standard or the data set itself says.

    Attributes
    ----------
    element : str or None
        The element that is wrong, such as ``"(0028,0010) Rows"``.
    frame, segment : int or None
        The frame and the RLE segment (PS3.5 G) that are wrong, from 0.
    offset : int or None
        The byte offset in the element's value.

    """

    def __init__(
        self,
        message: str,
        *,
        element: str | None = None,
        frame: int | None = None,
        segment: int | None = None,
        offset: int | None = None,
    ) -> None:
        """Keep the message, which already names the place, and the place."""
        super().__init__(message)
        self.element = element
        self.frame = frame
        self.segment = segment
        self.offset = offset


class MissingElementError(PixelDataError, AttributeError):
    """A required element is missing or empty. Also an `AttributeError`, as in pydicom."""


class UnsupportedTransferSyntaxError(PixelDataError, NotImplementedError):
    """A transfer syntax that is not for images, or not known. Also a `NotImplementedError`, as in pydicom."""
