"""Messages about optional dependencies: how to install what a feature needs."""


def install_command(extra: str) -> str:
    """Return the command that installs an extra of dicomet (``[project.optional-dependencies]`` in pyproject.toml).

    There is no release yet, so the command for a checkout comes first.
    """
    return f"pip install '.[{extra}]' in a checkout of dicomet (once it is released: pip install 'dicomet[{extra}]')"


def needs(feature: str, library: str, extra: str) -> str:
    """Return the message for a feature whose library is not installed."""
    return f"{feature} needs {library}: {install_command(extra)}"
