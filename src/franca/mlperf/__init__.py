"""MLPerf: running benchmarks, reading their logs, building and checking submissions."""
