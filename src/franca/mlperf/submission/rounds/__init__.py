"""One table of rules per MLPerf Inference round, as JSON (specification 2.6 and 13)."""
