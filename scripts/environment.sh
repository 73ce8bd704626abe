# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# A virtual environment with the pinned requirements, made once; sourced by the other scripts.
# PYTHON names the interpreter to build it with; VENV names another place for it.

fail() {
    echo "error: $*" >&2
    exit 2
}

# find_python: print an interpreter that MindSpore 2.10 has a wheel for.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3.12 python3.10 python3 python}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# prepare_environment ROOT: make or complete the environment, and put it first on the path.
prepare_environment() {
    local root=$1 python free stamp wanted
    VENV=${VENV:-$root/.venv}
    stamp=$VENV/requirements.installed
    wanted=$(cat "$root"/requirements*.txt)
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        python=$(find_python) || fail "Python 3.10, 3.11 or 3.12 is needed (MindSpore 2.10 has no wheel for others)" \
            "and none is on the path; PYTHON=/path/to/python names one"
        mkdir -p "$VENV" || fail "$VENV: can't be made"
        free=$(df -Pk "$VENV" | awk 'NR == 2 { print int($4 / 1048576) }')
        [ "$free" -ge 4 ] || fail "$VENV: ${free} GB are free there, 4 are needed (MindSpore alone takes 2.5)"
        echo "installing the requirements into $VENV (MindSpore's wheel is 0.8 GB)"
        "$python" -m venv "$VENV" || fail "$python can't make a virtual environment (Debian: apt-get install python3-venv)"
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/requirements-dev.txt" ||
            fail "the requirements could not be installed; pip's message stands above"
        echo "$wanted" >"$stamp"
    fi
    export PATH="$VENV/bin:$PATH"
    export GLOG_v=${GLOG_v:-3} # MindSpore's warnings about devices that are not there
}
