#!/usr/bin/env bash
# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
# Everything, from nothing: bash scripts/quickstart.sh
# Trains a small Aug-ViT on real handwritten digits, evaluates it, exports it, and reads a digit it never saw.
# What stands already is not made again.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$ROOT/scripts/environment.sh"
DATA=data/digits
RUN=runs/quickstart
CONFIG=config/augvit_digits.yaml
SECONDS=0

step() { printf '\n== %s\n' "$*"; }

prepare_environment "$ROOT"
cd "$ROOT"

step "1/6 pictures"
python tools/write_digits.py --output_path "$DATA"
PICTURE=$(find "$DATA/val/7" -name '*.png' | sort | head -n 1)

step "2/6 training"
if [ -e "$RUN/trained" ]; then
    echo "$RUN: trained already"
else
    # a training that did not end goes on where it was
    python train.py --config_path "$CONFIG" --data_path "$DATA" --output_path "$RUN" --resume
    date >"$RUN/trained"
fi

step "3/6 evaluation"
[ -e "$RUN/eval.json" ] || python eval.py --checkpoint_path "$RUN/best.ckpt" --data_path "$DATA" --report "$RUN/eval.json"
TOP1=$(python -c "import json; print(f\"{json.load(open('$RUN/eval.json'))['top1']:.2f}\")")
echo "top-1 on $(find "$DATA/val" -name '*.png' | wc -l) digits that were not trained on: $TOP1 %"

step "4/6 export"
for format in MINDIR ONNX; do
    file=$RUN/best.$(echo "$format" | tr '[:upper:]' '[:lower:]')
    if [ -e "$file" ]; then
        echo "$file: stands already"
    else
        python export.py --checkpoint_path "$RUN/best.ckpt" --file_format "$format"
    fi
done

step "5/6 a picture that was not trained on: $PICTURE"
for model in best.ckpt best.mindir best.onnx; do
    echo "$model:"
    python infer.py --model_path "$RUN/$model" --input "$PICTURE" --top 3
done

step "6/6 done in $((SECONDS / 60)) min $((SECONDS % 60)) s: top-1 $TOP1 %"
cat <<SUMMARY
  $DATA    the pictures, a folder for each digit
  $RUN/config.yaml    every setting of the training
  $RUN/curves.png     loss and accuracy by epoch (numbers: metrics.jsonl)
  $RUN/best.ckpt      the checkpoint
  $RUN/best.mindir    for MindSpore and MindSpore Lite, any batch size
  $RUN/best.onnx      for ONNX Runtime
  $RUN/report.md      how far the two are from the checkpoint, and what they take
Try a picture of your own:
  source ${VENV#"$ROOT"/}/bin/activate
  python infer.py --model_path $RUN/best.ckpt --input PICTURE
SUMMARY
