#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Evaluate on several devices, every picture on exactly one of them:
#   bash scripts/run_distribute_eval.sh Ascend|GPU|CPU DEVICE_NUM DATA_PATH CHECKPOINT_PATH [--report FILE]
# For several machines, logs and exit status see run_distribute_train.sh. Run on CPUs; not on Ascend or GPU yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
check_arguments $# 4 "Ascend|GPU|CPU DEVICE_NUM DATA_PATH CHECKPOINT_PATH"
check_path DATA_PATH "$3"
check_path CHECKPOINT_PATH "$4"
exec python "$ROOT/tools/launch.py" "$1" "$2" eval.py --data_path "$3" --checkpoint_path "$4" "${@:5}"
