"""``python to_parquet.py PICKLE PARQUET``: a data frame in another form. Runs what is in the pickle."""

import sys


def main(source, target):
    """The two columns that the benchmark needs."""
    import pandas

    frame = pandas.read_pickle(source)  # the caller has checked the file and asked for this
    missing = {"tok_input", "output"} - set(frame.columns)
    if missing:
        sys.exit(f"{source}: no column {', '.join(sorted(missing))}")
    frame["tok_input"] = [[int(token) for token in row] for row in frame["tok_input"]]
    frame[["tok_input", "output"]].reset_index(drop=True).to_parquet(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
