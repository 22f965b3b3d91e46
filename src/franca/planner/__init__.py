"""Layer 2, pure: which script, with which variations, versions and dependencies, in which order, and why."""
