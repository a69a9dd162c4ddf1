"""Helpers that know nothing of DICOM decoding."""
