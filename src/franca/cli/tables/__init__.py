"""Every command as data. Nothing here imports what a command needs to run."""
