"""MultiStream with another number of samples in a query, which the open division allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from franca.errors import UsageError
from franca.mlperf.inference import campaign
from franca.mlperf.logs.detail import read_detail
from tests.integration.mlperf_inference.inference_cases import request


@pytest.mark.parametrize("size", [1, 3, 20])
def test_a_query_has_as_many_samples_as_the_configuration_says(parts: Path, tmp_path: Path, size: int) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text(
        f"{(parts / 'user.conf').read_text('utf-8')}\n*.MultiStream.samples_per_query = {size}\n", encoding="utf-8"
    )
    result = campaign.run(
        request(parts, tmp_path / "results", user_conf=str(conf), scenarios=["MultiStream"]), lambda line: None
    )
    [one] = result.scenarios
    run = one.performance
    assert run.valid and not run.errors and one.accuracy.equals_direct
    log = read_detail(str(Path(run.folder) / "mlperf_log_detail.txt"))
    assert log.integer("effective_samples_per_query") == size
    assert run.samples == run.queries * size
    assert run.samples_per_second == pytest.approx(1000 * size / run.value)
    assert run.overhead.bare_batch == size


@pytest.mark.parametrize("size", [0, 65_537])
def test_a_number_that_no_query_can_have_is_refused_before_anything_runs(
    parts: Path, tmp_path: Path, size: int
) -> None:
    conf = tmp_path / "user.conf"
    conf.write_text(f"*.MultiStream.samples_per_query = {size}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=f"samples_per_query is {size}"):
        campaign.run(request(parts, tmp_path / "results", user_conf=str(conf)), lambda line: None)
