"""From a source to the parsed image."""
