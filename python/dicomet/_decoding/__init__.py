"""Decoding: from a parsed image to arrays."""
