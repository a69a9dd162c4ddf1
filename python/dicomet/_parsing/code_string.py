"""Values of VR CS (PS3.5 6.2), in which blanks at both ends are not significant; many writers and readers disagree."""

from dicomet._utils.warn import warn
from dicomet.errors import short_repr


def term_of(value: str, element: str) -> str:
    """Return a value of `element` without blanks at its ends, with a warning where it begins with one."""
    term = value.strip()
    if term and value.startswith(" "):
        warn(f"{element}: found {short_repr(value)}, expected a term without leading blanks: they are ignored")
    return term
