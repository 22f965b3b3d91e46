"""The parameters file: one ``key: value`` per line, comments with ``#``."""


def read(path: str) -> dict[str, str]:
    """Every key with its value as text, quotes removed."""
    values = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, colon, value = line.split("#")[0].partition(":") if not line.startswith("#") else ("", "", "")
            if colon:
                values[key.strip()] = value.strip().strip("\"'")
    return values
