"""Power measurement: the protocol between a system under test and a director, both ends, and estimates."""
