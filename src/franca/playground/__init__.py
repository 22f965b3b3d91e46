"""Pages that show what runs and results hold: served on this machine, read-only."""
