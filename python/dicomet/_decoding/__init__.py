"""From a parsed image to arrays."""
