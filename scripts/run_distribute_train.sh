#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Train on several devices of one machine, or of more:
#   bash scripts/run_distribute_train.sh Ascend|GPU|CPU DEVICE_NUM DATA_PATH CONFIG_PATH [--resume] [key=value ...]
# On several machines, the same command on each, with NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT (8118) set.
# Logs go to LOG_DIR, a new folder (logs/train-TIME-PROCESS). The exit status is 0 only where every rank had 0.
# Run on CPUs, as ranks of one machine and of two network namespaces as two; not on Ascend or GPU yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
check_arguments $# 4 "Ascend|GPU|CPU DEVICE_NUM DATA_PATH CONFIG_PATH [key=value ...]"
check_path DATA_PATH "$3"
check_path CONFIG_PATH "$4"
exec python "$ROOT/tools/launch.py" "$1" "$2" train.py --data_path "$3" --config_path "$4" "${@:5}"
