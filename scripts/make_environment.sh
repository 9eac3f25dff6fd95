#!/usr/bin/env bash
# Makes the virtual environment $1 with the Python $2 (empty: the first that fits), and puts uv into it.
set -e -o pipefail

venv=$1
wanted=$2

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

if [ ! -x "$venv/bin/python" ]; then
    python=""
    for one in ${wanted:-python3.11 python3 /usr/bin/python3.11 /usr/bin/python3}; do
        fits "$one" || continue
        python=${python:-$one}
        has_venv "$one" && python=$one && break
    done
    if [ -z "$python" ]; then
        echo "Python 3.11 or newer is needed. Name one: make setup PYTHON=/path/to/python3" >&2
        exit 1
    fi
    if ! has_venv "$python"; then
        echo "$python has no venv module; installing Debian's python3-venv" >&2
        [ "$(id -u)" = 0 ] && root="" || root="sudo"
        $root apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    fi
    "$python" -m venv "$venv"
fi

[ -x "$venv/bin/uv" ] || "$venv/bin/python" -m pip install -qq --disable-pip-version-check uv
