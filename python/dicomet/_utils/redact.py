"""What of a file may be repeated where nothing is to tell whose it is: codes of the standard, no free text."""

import re
from functools import lru_cache

from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID, AllTransferSyntaxes

REDACTED = "'...'"
# A quotation, as `repr` and pydicom write it: it begins and ends where no word does, for names have apostrophes.
_QUOTED = re.compile(r"(?<!\w)b?(?:'.*?'(?!\w)|\".*?\"(?!\w))")
# Of functions.
_ARGUMENTS = ("src", "transfer_syntax_uid")
# PS3.5 6.2: characters and lengths. CS with small letters too, which are common. Control characters are in none: they
# show that a length is wrong, and that the value is what stands behind.
_TEXTS = {
    "CS": re.compile(r"[A-Za-z0-9_ ]{0,16}"),
    "UI": re.compile(r"[0-9.]{0,64}"),
    "LO": re.compile(r".{0,64}"),
    "SH": re.compile(r".{0,16}"),
}


def is_text_from(vr: str, text: str) -> bool:
    """Tell whether a value can be one of its VR, as far as its characters and its length show."""
    allowed = _TEXTS.get(vr)
    return text.isprintable() and (allowed is None or allowed.fullmatch(text) is not None)


def redact(message: str) -> str:
    """Return a message without what it quotes, but for what the standard itself names so.

    A value of a file that is not what it should be may be any other: that of an element with a patient's name, where a
    length is wrong.
    """
    return _QUOTED.sub(lambda match: match[0] if _is_standard_text(match[0][1:-1]) else REDACTED, message)


def _is_standard_text(quoted: str) -> bool:
    """Tell whether something is the name of an element, the name or UID of a transfer syntax, or pydicom's own."""
    keyword = "".join(word[0].upper() + word[1:] for word in quoted.split())
    return tag_for_keyword(keyword) is not None or quoted in _own_names()


@lru_cache(maxsize=1)
def _own_names() -> frozenset[str]:
    return frozenset({*_ARGUMENTS, *AllTransferSyntaxes, *(UID(uid).name for uid in AllTransferSyntaxes)})
