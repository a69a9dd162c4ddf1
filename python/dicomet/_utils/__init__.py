"""Helpers that do not depend on DICOM decoding."""
