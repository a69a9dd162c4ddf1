"""The drop-in: pydicom's own functions, decoded by dicomet where the result is provably the same."""
