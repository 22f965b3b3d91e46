"""Random seeds of each MLPerf inference round, as published for that round (mlperf-inference section 2.6).

A LoadGen wheel embeds the seeds of its own round; a run for another round sets the three attributes after
``FromConfig``.
"""

from __future__ import annotations

from typing import NamedTuple


class Seeds(NamedTuple):
    qsl: int
    sample_index: int
    schedule: int


SEEDS: dict[str, Seeds] = {
    "v3.0": Seeds(10003631887983097364, 17183018601990103738, 12134888396634371638),
    "v3.1": Seeds(148687905518835231, 520418551913322573, 811580660758947900),
    "v5.0": Seeds(6023615788873153749, 15036839855038426416, 9933818062894767841),
    "v5.1": Seeds(1780908523862526354, 14771362308971278857, 18209322760996052031),
    "v6.0": Seeds(2465351861681999779, 14276810075590677512, 3936089224930324775),
    "v6.1": Seeds(2085463073848966840, 2747215439041700203, 16159082839903944936),
}
