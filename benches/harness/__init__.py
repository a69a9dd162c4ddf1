"""Comparison of dicomet with its peers: the readers, the check of their results, the measurements and the report."""
