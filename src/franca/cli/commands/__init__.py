"""What each command does: functions from a request to an answer."""
