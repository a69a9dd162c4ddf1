"""Files that are there as a whole or not at all."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

Content = bytes | memoryview | Callable[[BinaryIO], object]
"""What is written: bytes, or a function that writes to the open file it is given."""

SUFFIX = ".dicomet-part"
"""Files with this at the end are being written, or were when their process or machine died."""


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a file under a temporary name in the same folder, and rename it when it is whole.

    Whoever sees `path` sees all of it, or what was there before. On any failure, an interrupt too, the temporary file
    is removed. Nothing is flushed to the disk: this is about processes that end, not about machines that do.

    Parameters
    ----------
    path : str or os.PathLike
        The file, which is replaced if it is there. Its folder must be there.
    content : bytes, memoryview or callable
        What is in it, or a function that is called with the open binary file to write it.

    Raises
    ------
    OSError
        If it cannot be written.

    """
    path = Path(path)
    # Not the file's own name, which with anything behind it may be longer than a name can be.
    temporary = path.with_name(f".{secrets.token_hex(8)}{SUFFIX}")
    try:
        with temporary.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
