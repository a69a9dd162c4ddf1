"""Values of VR CS. Blanks at both ends are not significant (PS3.5 6.2), but many writers and readers disagree."""

from dicomet._utils.warn import warn
from dicomet.errors import short_repr


def term_of(value: str, element: str) -> str:
    """Return a value of `element` without blanks at its ends. Warn if it begins with one."""
    term = value.strip()
    if term and value.startswith(" "):
        warn(f"{element}: found {short_repr(value)}, expected a term without leading blanks: they are ignored")
    return term
