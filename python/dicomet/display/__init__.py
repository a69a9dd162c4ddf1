"""Stored values as they are meant to be seen: Modality, VOI and presentation (PS3.4 N.2)."""
