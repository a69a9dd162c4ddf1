"""Report words that the project does not use (docs/glossary.md): American spelling, no invented idiom.

Usage: python tools/check_words.py [FILE ...]; without arguments, it checks every tracked text file. The exit status is
1 if it finds any.
"""

import re
import subprocess
import sys
from pathlib import Path

SUFFIXES = {".md", ".py", ".pyi", ".rs", ".toml", ".yml", ".yaml", ".sh"}
NAMES = {"check", "run"}
"""Scripts without a suffix."""
SKIPPED = ("fuzz/corpus/", "fuzz/regressions/", "tools/check_words.py", "LICENSE")

RULES = {
    r"\bso many\b": "the number, or 'as many as'",
    r"\b(?:no|some|any)body(?:'s)?\b": "who: the caller, a thread, a process, no one",
    r"\bwhoever\b": "who: the caller, a thread",
    r"\b(?:is|are|was|were|be|been|being) told\b": "reported, named, warned about",
    r"\btell(?:s|ing)? of\b": "report, name",
    r"\bto be had\b|\b(?:is|are|be|been) had\b": "available, returned, read",
    r"\bbehind\b": "after, following",
    r"\bthe other way round\b": "the reverse",
    r"\bwhat (?:is|was) (?:asked|wanted) for\b": "the request, what the caller requests",
    r"\bfrom \w+ on\b(?! (?:the|a|an)\b)": "from N onward; starting at N",
    r"\bput right\b": "fixed, corrected",
    r"\b(?:is|are|be) (?:made|worked) out\b": "computed",
    r"\bcolour(?:s|ed|ing|less)?\b|\bColour(?:s|ed|ing)?\b": "color",
    r"\b[Gg]rey(?:s|scale)?\b": "gray",
    r"\bcentre(?:s|d)?\b|\bCentre(?:s|d)?\b": "center",
    r"\blicence(?:s|d)?\b|\bLicence(?:s)?\b": "license",
    r"\bbehaviours?\b": "behavior",
    r"\bcatalogues?\b": "catalog",
    r"\w+(?:al|ar|er|iv|or|an|im)is(?:e|es|ed|ing|ation)\b(?<!otherwise)": "-ize",
    r"\bartefacts?\b": "artifact",
}
ALLOWED = re.compile(
    r"pixel_data_handlers|exercise|rais(?:e|es|ed|ing)\b|prais|precis|promis|compris|surpris|expertis|advertis|likewise|"
    r"otherwise|televis|revis|supervis|improvis|devis|advis|paralys|analys|disguis"
)


def text_files() -> list[Path]:
    """Return the tracked text files that the rules apply to."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True, text=True).stdout  # noqa: S607
    paths = [Path(name) for name in listed.split("\0") if name and not name.startswith(SKIPPED)]
    return [path for path in paths if path.suffix in SUFFIXES or path.name in NAMES]


def findings(path: Path) -> list[str]:
    """Return one line per word of `path` that a rule forbids."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for rule, instead in RULES.items():
            found += [
                f"{path}:{number}: found {match[0]!r}, use {instead}"
                for match in re.finditer(rule, line)
                if not ALLOWED.search(match[0])
            ]
    return found


def main(names: list[str]) -> int:
    """Print the findings, and return the exit status."""
    found = [line for path in (map(Path, names) if names else text_files()) for line in findings(path)]
    print("\n".join(found) or "words: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
