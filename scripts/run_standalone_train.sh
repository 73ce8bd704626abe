#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Train on one device:
#   bash scripts/run_standalone_train.sh Ascend|GPU|CPU DEVICE_ID DATA_PATH CONFIG_PATH [--resume] [key=value ...]
# What train.py takes beyond that goes to it as it is. Run on a CPU; not on Ascend or GPU yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
check_arguments $# 4 "Ascend|GPU|CPU DEVICE_ID DATA_PATH CONFIG_PATH [key=value ...]"
check_target "$1"
check_path DATA_PATH "$3"
check_path CONFIG_PATH "$4"
exec python "$ROOT/train.py" --device_target "$1" --device_id "$2" --data_path "$3" --config_path "$4" "${@:5}"
