"""The command `dicomet convert`, for its tests."""

from files import ROOTS

from dicomet.__main__ import main

SR = ROOTS["pydicom"] / "test-SR.dcm"
COUNTS = "{} converted, {} existing, {} skipped, {} failed"


def convert(*arguments, status=0):
    assert main(["convert", *map(str, arguments)]) == status
