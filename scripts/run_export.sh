#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Make a file for deployment:
#   bash scripts/run_export.sh Ascend|GPU|CPU CHECKPOINT_PATH MINDIR|ONNX [--precision float16] [--uint8] [...]
# Run on a CPU; not on Ascend or GPU yet.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
check_arguments $# 3 "Ascend|GPU|CPU CHECKPOINT_PATH MINDIR|ONNX"
check_target "$1"
check_path CHECKPOINT_PATH "$2"
exec python "$ROOT/export.py" --device_target "$1" --checkpoint_path "$2" --file_format "$3" "${@:4}"
