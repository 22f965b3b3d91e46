"""Submission trees: reading, checking, reporting, comparing, repairing and packing them."""
