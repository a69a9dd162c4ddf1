"""Detection of special files, which may have no end, or block a reader until another process writes."""

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
    """Return the kind of a special file, such as "a named pipe"; None for a regular file. The file is not opened.

    Raises
    ------
    OSError
        The path does not exist.

    """
    mode = os.stat(path).st_mode  # noqa: PTH116 - called for every source
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "something else")
