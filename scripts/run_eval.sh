#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Evaluate on one device:
#   bash scripts/run_eval.sh Ascend|GPU|CPU DEVICE_ID DATA_PATH CHECKPOINT_PATH [--report FILE]
# Run on a CPU; not on Ascend or GPU yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
check_arguments $# 4 "Ascend|GPU|CPU DEVICE_ID DATA_PATH CHECKPOINT_PATH"
check_target "$1"
check_path DATA_PATH "$3"
check_path CHECKPOINT_PATH "$4"
exec python "$ROOT/eval.py" --device_target "$1" --device_id "$2" --data_path "$3" --checkpoint_path "$4" "${@:5}"
