# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Checks of arguments; sourced by the scripts that train, evaluate and export.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export GLOG_v=${GLOG_v:-3} # MindSpore's warnings about devices that are not there

fail() {
    echo "error: $*" >&2
    exit 2
}

# check_arguments GIVEN WANTED USAGE: stop unless enough arguments were given, and Python can run MindSpore.
check_arguments() {
    [ "$1" -ge "$2" ] || fail "usage: bash $0 $3"
    command -v python >/dev/null || fail "python: not on the path; activate the environment that MindSpore is installed in"
}

# check_target TARGET
check_target() {
    case $1 in
    Ascend | GPU | CPU) ;;
    *) fail "device target $1: must be one of Ascend, GPU, CPU" ;;
    esac
}

# check_path NAME PATH: stop where there is nothing.
check_path() {
    [ -e "$2" ] || fail "$1 $2: no such file or folder"
}
