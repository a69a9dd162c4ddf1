"""``python -m dicomet SCRIPT``: runs ``python SCRIPT`` with the drop-in installed."""

import atexit
import builtins
import importlib.util
import io
import runpy
import sys
import types
import zipfile
from collections.abc import Sequence
from pathlib import Path

# Suffixes of scripts; a folder, a pipe and a program may have none. Any other, such as that of an image, is a mistake.
SUFFIXES = frozenset({".py", ".pyw", ".pyz"})
NO_SUFFIX = frozenset({"", ".zip"})
UNUSABLE = 2
# Python's own exit status for a module that does not exist.
NO_MODULE = 1


def is_wanted(arguments: Sequence[str]) -> bool:
    """Return whether `arguments` name a script or a module."""
    if arguments and arguments[0] == "--stats":
        arguments = arguments[1:]
    if not arguments:
        return False
    first = arguments[0]
    if first == "-m":
        return len(arguments) > 1
    path = Path(first)
    return not first.startswith("-") and (path.suffix in SUFFIXES or (path.suffix in NO_SUFFIX and path.exists()))


def run(arguments: Sequence[str]) -> int:
    """Run the script or module that `arguments` name, and return the exit status.

    Raises
    ------
    SystemExit, and others
        Whatever the script raises.

    """
    if arguments[0] == "--stats":
        atexit.register(_print_stats)
        arguments = arguments[1:]
    from dicomet import install  # noqa: PLC0415 - imports pydicom, which other commands do not need

    try:
        install()
    except RuntimeError as error:
        return _refuse(str(error))
    if arguments[0] == "-m":
        return _run_module(arguments[1:])
    path = Path(arguments[0])
    if not path.exists():
        return _refuse(f"there is no script {arguments[0]!r}")
    sys.argv = list(arguments)
    if path.is_dir() or (path.is_file() and zipfile.is_zipfile(path)):
        _put_first(path.resolve())
        runpy.run_path(str(path.resolve()), run_name="__main__")
    else:
        _put_first(path.resolve().parent)
        _run_file(path)
    return 0


def _run_file(path: Path) -> None:
    """Run the source at `path` in a module that stays ``__main__``, for code that runs when the interpreter exits."""
    absolute = str(path.absolute())
    with io.open_code(absolute) as file:
        code = compile(file.read(), absolute, "exec", dont_inherit=True)
    main = types.ModuleType("__main__")
    vars(main).update(__file__=absolute, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    exec(code, vars(main))  # noqa: S102 - the purpose of this command


def _run_module(arguments: Sequence[str]) -> int:
    _put_first(Path.cwd())
    sys.argv = list(arguments)
    try:
        found = importlib.util.find_spec(arguments[0])
    except (ImportError, ValueError):
        found = None
    if found is None:
        sys.stderr.write(f"dicomet: error: No module named {arguments[0]}\n")
        return NO_MODULE
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    return 0


def _put_first(folder: Path) -> None:
    """Make imports search `folder` first, in place of the folder where dicomet was started."""
    if not sys.flags.safe_path:
        sys.path[0] = str(folder)


def _refuse(why: str) -> int:
    sys.stderr.write(f"dicomet: error: {why}\n")
    return UNUSABLE


def _print_stats() -> None:
    from dicomet import stats  # noqa: PLC0415

    sys.stderr.write(f"{stats()}\n")
