"""Artifacts on disk: repositories, their store, the index over them, locks and transfer."""
