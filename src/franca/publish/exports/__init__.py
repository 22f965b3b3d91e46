"""Results for the experiment trackers that people already use. Nothing leaves the machine unless it is asked for."""
