#!/usr/bin/env bash
# All tests. Arguments go to pytest, for example: scripts/test.sh tests/unit -k grammar
# Tests of container engines, sshd, Slurm and the browser skip with the reason where one is missing. In continuous
# integration (CI set, root, apt at hand) they are installed first; FRANCA_TEST_ENGINES=yes asks for that elsewhere.
# Tests of PyTorch skip where the environment has none. In continuous integration it is installed into it, unless
# FRANCA_TORCH_PYTHON names an interpreter that has it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
unset PYTHONDONTWRITEBYTECODE # the tests start thousands of processes: each would compile the sources again
make_venv "dev,inference,accuracy,language,export"
cd "$root"
if [ "${FRANCA_TEST_ENGINES:-${CI:-no}}" != no ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    bash tests/engines/install.sh
    bash tests/engines/apptainer.sh || echo "Apptainer could not be installed; its tests will skip" >&2
fi
if [ "${CI:-no}" != no ] && [ -z "${FRANCA_TORCH_PYTHON:-}" ]; then
    install_torch || echo "PyTorch could not be installed; its tests will skip" >&2
fi
if [ "$#" = 0 ]; then
    "$venv/bin/python" -m ruff check .
    "$venv/bin/python" -m ruff format --check .
    "$venv/bin/python" -m mypy
fi
exec "$venv/bin/python" -m pytest -n 2 --dist loadfile --durations=20 "$@"
