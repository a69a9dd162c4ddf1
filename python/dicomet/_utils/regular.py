"""Files in the narrow sense: what has an end, and can be read without waiting for anybody."""

import os
import stat

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def special_file_kind(path: str | os.PathLike[str]) -> str | None:
    """Return what `path` is, such as "a named pipe"; None if it is a regular file. It is not opened.

    Raises
    ------
    OSError
        There is nothing of that name.

    """
    mode = os.stat(path).st_mode  # noqa: PTH116 - called for every source
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")
