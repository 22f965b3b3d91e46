"""Reports from records: one self-contained HTML file per benchmark, no network, no scripts."""
