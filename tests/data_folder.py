"""The folder of test files that no package contains.

The environment variable `DICOMET_TEST_DATA` names it; the default is `../shared/data`, relative to the checkout. Tests
that need one of its files skip if it does not exist.
"""

import os
from pathlib import Path

TEST_DATA = Path(os.environ.get("DICOMET_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
PYDICOM_REPOSITORY = TEST_DATA / "pydicom"
"""Files of pydicom's repository that neither pydicom nor pydicom-data contains."""
