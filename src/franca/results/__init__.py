"""Results of benchmarks: typed records, a store on disk, derived metrics, and what may be compared with what."""
