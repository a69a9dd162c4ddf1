"""Parsing: from a source to the description of the image and its pixel data element."""
