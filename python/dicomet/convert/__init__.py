"""Conversion of DICOM files to image files and arrays on disk."""
