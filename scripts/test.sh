#!/usr/bin/env bash
# All tests. Arguments go to pytest, for example: scripts/test.sh tests/unit -k grammar
# As root with apt at hand (or with FRANCA_TEST_ENGINES=yes), the container engines, sshd, Slurm and the
# browser that tests need are installed first; elsewhere tests that lack one skip with the reason.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_venv "dev,inference"
cd "$root"
if [ "${FRANCA_TEST_ENGINES:-auto}" = yes ] ||
    { [ "${FRANCA_TEST_ENGINES:-auto}" = auto ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }; then
    bash tests/engines/install.sh
fi
if [ "$#" = 0 ]; then
    "$venv/bin/python" -m ruff check .
    "$venv/bin/python" -m ruff format --check .
    "$venv/bin/python" -m mypy
fi
exec "$venv/bin/python" -m pytest -n 2 --dist loadfile "$@"
