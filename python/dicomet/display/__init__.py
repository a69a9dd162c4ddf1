"""Stored values to display values: Modality LUT, VOI LUT and presentation (PS3.4 N.2)."""
