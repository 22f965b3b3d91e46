# Shared by demo.sh and test.sh: a virtual environment in the checkout, made once. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/.venv"

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    echo "Franca needs Python 3.10 or newer, and none was found. Install one, or name it: PYTHON=/path/to/python $0" >&2
    exit 1
}

# install_torch: PyTorch for the CPU and what it imports, by name: pip then chooses no other packages for it (the build
# for CUDA wants many more, cannot be imported without them, and is removed again).
install_torch() {
    "$venv/bin/python" -c "import torch" 2>/dev/null && return
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps torch==2.13.0 \
        filelock fsspec jinja2 markupsafe mpmath networkx sympy typing_extensions || return
    "$venv/bin/python" -c "import torch" && return
    "$venv/bin/python" -m pip uninstall --quiet --yes torch
    return 1
}

# make_venv EXTRAS: install the checkout, editable, with the given extras; does nothing when it is up to date.
make_venv() {
    local extras=$1 python stamp wanted
    stamp="$venv/.franca-installed"
    wanted="$extras $(cksum <"$root/pyproject.toml") $(cat "$root"/launchers/* | cksum)"
    if [ -x "$venv/bin/franca" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    python=$(find_python)
    echo "Setting up $venv (first time only)" >&2
    if [ ! -x "$venv/bin/python" ] && ! "$python" -m venv "$venv"; then
        echo "The venv module of $python does not work; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root${extras:+[$extras]}"
    printf '%s' "$wanted" >"$stamp"
}
