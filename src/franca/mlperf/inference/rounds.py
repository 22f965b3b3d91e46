"""Random seeds of each MLPerf inference round, as the tables of the rounds have them (mlperf-inference section 2.6).

A LoadGen wheel embeds the seeds of its own round; a run for another round sets the three attributes after
``FromConfig``.
"""

from __future__ import annotations

from typing import NamedTuple

from franca.mlperf.submission import tables


class Seeds(NamedTuple):
    qsl: int
    sample_index: int
    schedule: int


def _seeds(found: tables.Seeds) -> Seeds:
    return Seeds(found.qsl_rng_seed, found.sample_index_rng_seed, found.schedule_rng_seed)


_TABLES = {name: tables.load_round(name) for name in tables.rounds()}
SEEDS: dict[str, Seeds] = {name: _seeds(table.seeds) for name, table in _TABLES.items()}

#: Seeds of TEST05, which changes nothing else; the test ended with v4.1 (section 9.1).
TEST05_SEEDS: dict[str, Seeds] = {name: _seeds(one.test05_seeds) for name, one in _TABLES.items() if one.test05_seeds}
