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
    "v4.0": Seeds(13281865557512327830, 198141574272810017, 7575108116881280410),
    "v4.1": Seeds(3066443479025735752, 10688027786191513374, 14962580496156340209),
    "v5.0": Seeds(6023615788873153749, 15036839855038426416, 9933818062894767841),
    "v5.1": Seeds(1780908523862526354, 14771362308971278857, 18209322760996052031),
    "v6.0": Seeds(2465351861681999779, 14276810075590677512, 3936089224930324775),
    "v6.1": Seeds(2085463073848966840, 2747215439041700203, 16159082839903944936),
}

#: Seeds of TEST05, which changes nothing else; the test ended with v4.1 (section 9.1).
TEST05_SEEDS: dict[str, Seeds] = {
    "v3.0": Seeds(14646058500348515648, 1207248993894122914, 11879132697760422006),
    "v3.1": Seeds(793197339507417767, 255610748586851044, 352213341366340113),
}
