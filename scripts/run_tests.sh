#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Install what the tests need, check the style, run the tests: bash scripts/run_tests.sh [PYTEST ARGUMENTS]
set -eu
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$ROOT/scripts/environment.sh"
prepare_environment "$ROOT"
cd "$ROOT"
ruff check .
ruff format --check .
# at most four processes, of 2 GB at worst; a file's tests share fixtures, so they stay together; the longest come first
exec python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
