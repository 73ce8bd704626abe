# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The config tree: every default of a run with one comment a field, YAML overlays over it, ``key=value`` over those.

The settings of a model live beside its family (``src/models``), because they differ from family to family; here they
are a table that ``create_model`` checks by the same rules (``src/overlay.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from src.checks import check
from src.errors import UserError
from src.overlay import overlay, plain


@dataclass(frozen=True)
class DataConfig:
    """Where the pictures come from, and what training does to them."""

    path: str = ""  # the data set; --data_path sets it
    # auto: a distributed data set where its files are found, else folders of classes
    format: Literal["auto", "image_folder", "cifar10", "cifar100", "flowers102", "pets"] = "auto"
    per_class: int = 0  # train with the first so many pictures of each class; 0 is all
    batch_size: int = 128  # pictures a step on each rank
    eval_batch_size: int = 64  # pictures a step of evaluation
    workers: int = 2  # threads that read and transform pictures
    crop_scale: tuple[float, float] = (0.08, 1.0)  # area of the random crop, as a fraction of the picture's
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)  # width over height of the random crop
    flip: float = 0.5  # probability of a horizontal flip
    # of the random crop's resize, and of auto_augment's rotations and shifts; random: bicubic or bilinear, by chance
    interpolation: Literal["random", "bicubic", "bilinear", "nearest"] = "bicubic"
    auto_augment: str = ""  # a policy as timm spells it, such as rand-m9-mstd0.5-inc1; "" is none
    color_jitter: float = 0.0  # of brightness, contrast and saturation; has no effect beside auto_augment
    repeats: int = 1  # crops of each drawn picture in an epoch, which then passes over 1/repeats of the pictures
    mixup: float = 0.0  # alpha of mixup's Beta(alpha, alpha); 0 is none
    cutmix: float = 0.0  # alpha of cutmix's; 0 is none
    mix_prob: float = 1.0  # probability that a batch is mixed at all
    mix_switch: float = 0.5  # probability of cutmix rather than mixup, where both are on
    erase_prob: float = 0.0  # probability that a rectangle of the picture is erased
    # what stands there then: noise for each pixel, one random colour, or the mean colour
    erase_mode: Literal["pixel", "rand", "const"] = "pixel"
    # after_mixing: the mixed pictures, as timm's prefetching loader does; before_mixing: each picture, as DeiT does
    erase_order: Literal["after_mixing", "before_mixing"] = "after_mixing"
    # a training picture that can't be read: raise ends the run, skip puts another one in its place
    on_error: Literal["raise", "skip"] = "raise"
    max_skipped: int = 100  # different pictures that on_error=skip puts up with in a run

    def __post_init__(self) -> None:
        for name in ("batch_size", "eval_batch_size", "workers"):
            check(getattr(self, name) >= 1, f"{name}={getattr(self, name)}: must be at least 1")
        low, high = self.crop_scale
        check(0 < low <= high <= 1, f"crop_scale={[low, high]}: must be 0 < low <= high <= 1")
        low, high = self.crop_ratio
        check(0 < low <= high, f"crop_ratio={[low, high]}: must be 0 < low <= high")
        for name in ("flip", "mix_prob", "mix_switch", "erase_prob"):
            check(0 <= getattr(self, name) <= 1, f"{name}={getattr(self, name)}: must lie in [0, 1]")
        for name in ("per_class", "color_jitter", "mixup", "cutmix", "max_skipped"):
            check(getattr(self, name) >= 0, f"{name}={getattr(self, name)}: must not be negative")
        check(self.repeats >= 1, f"repeats={self.repeats}: must be at least 1")
        mixed = bool(self.mixup or self.cutmix)
        check(not mixed or self.batch_size % 2 == 0, f"batch_size={self.batch_size}: must be even for mixup and cutmix")


@dataclass(frozen=True)
class GroupRule:
    """What some parameters have of their own; the first rule whose pattern a name matches holds for it."""

    names: str = "*"  # a shell pattern over the names of parameters, such as "head.*" or "blocks.0.*"
    lr_scale: float = 1.0  # factor on the learning rate
    weight_decay: float | None = None  # in place of optim.weight_decay and of all exemptions; null keeps those

    def __post_init__(self) -> None:
        check(self.lr_scale >= 0, f"lr_scale={self.lr_scale}: must not be negative")
        decay = self.weight_decay
        check(decay is None or decay >= 0, f"weight_decay={decay}: must not be negative")


@dataclass(frozen=True)
class OptimConfig:
    """The optimizer, its schedule (warm-up, cosine, cooldown) and the moving average of the weights."""

    # adamw: decoupled weight decay; momentum: SGD with it; sgd: with Nesterov's momentum, as timm means the names
    name: Literal["adamw", "sgd", "momentum"] = "adamw"
    lr: float = 1e-3  # peak learning rate, absolute: not scaled by the batch
    min_lr: float = 1e-5  # where the cosine ends
    warmup_lr: float = 1e-6  # where the warm-up starts
    warmup_epochs: float = 5.0  # length of the linear warm-up, the first of train.epochs
    cooldown_epochs: int = 0  # epochs at min_lr that follow train.epochs
    lr_per: Literal["step", "epoch"] = "step"  # how often the schedule moves on
    weight_decay: float = 0.05  # biases, norms, tokens, positions and circulant generators have none
    betas: tuple[float, float] = (0.9, 0.999)  # of AdamW's two moments
    eps: float = 1e-8  # added to the root of AdamW's second moment
    momentum: float = 0.9  # of sgd and momentum
    groups: tuple[GroupRule, ...] = ()  # rules for parameters by name
    clip_norm: float = 0.0  # largest norm of all gradients together; 0 does not clip
    ema_decay: float = 0.0  # decay of the moving average of the weights a step; 0 keeps none

    def __post_init__(self) -> None:
        check(self.lr > 0, f"lr={self.lr}: must be positive")
        for name in ("min_lr", "warmup_lr", "warmup_epochs", "cooldown_epochs", "weight_decay", "clip_norm"):
            check(getattr(self, name) >= 0, f"{name}={getattr(self, name)}: must not be negative")
        check(max(self.min_lr, self.warmup_lr) <= self.lr, f"lr={self.lr}: must not lie below min_lr or warmup_lr")
        check(all(0 <= beta < 1 for beta in self.betas), f"betas={list(self.betas)}: must lie in [0, 1)")
        check(self.eps > 0, f"eps={self.eps}: must be positive")
        for name in ("ema_decay", "momentum"):
            check(0 <= getattr(self, name) < 1, f"{name}={getattr(self, name)}: must lie in [0, 1)")


@dataclass(frozen=True)
class TrainConfig:
    """The loop around the steps."""

    epochs: int = 300  # passes over the training pictures, cooldown not counted
    label_smoothing: float = 0.1  # mass of the target that is spread evenly over all classes
    accumulate: int = 1  # batches whose gradients make one step
    # float16: products in half precision with a dynamic loss scale; LayerNorm, softmax, loss and weights stay float32
    precision: Literal["float32", "float16"] = "float32"
    loss_scale: float = 65536.0  # where the loss scale of float16 starts
    loss_scale_window: int = 2000  # steps without an overflow after which it doubles
    recompute: bool = False  # compute the blocks again on the way back instead of keeping what they held
    init_from: str = ""  # checkpoint whose weights the training starts from; "" starts from random ones
    new_head: bool = False  # put a fresh head for the classes of the data in place of the checkpoint's
    # give a model with augmented paths the weights of a plain one; the network computes what that did at the start
    new_paths: bool = False
    log_every: int = 50  # steps between two lines of metrics.jsonl
    checkpoint_every: int = 0  # steps between two checkpoints within an epoch; 0: only the one at its end
    keep_checkpoints: int = 2  # how many of the last ones stay: last.ckpt, last-1.ckpt, ...
    skip_not_finite: int = 0  # steps with a loss or gradient that is not finite to pass over before the run stops

    def __post_init__(self) -> None:
        for name in ("epochs", "accumulate", "loss_scale_window", "log_every", "keep_checkpoints"):
            check(getattr(self, name) >= 1, f"{name}={getattr(self, name)}: must be at least 1")
        for name in ("checkpoint_every", "skip_not_finite"):
            check(getattr(self, name) >= 0, f"{name}={getattr(self, name)}: must not be negative")
        check(0 <= self.label_smoothing < 1, f"label_smoothing={self.label_smoothing}: must lie in [0, 1)")
        check(self.loss_scale >= 1, f"loss_scale={self.loss_scale}: must be at least 1")
        for name in ("new_head", "new_paths"):
            check(not getattr(self, name) or bool(self.init_from), f"{name}=true: goes with train.init_from")


@dataclass(frozen=True)
class Config:
    """Everything that decides a training run."""

    seed: int = 42  # of the weights, the order of the pictures and every random draw
    # name: a registered model; the other keys: settings of its family that differ from the model's own
    model: Mapping[str, Any] = field(default_factory=lambda: {"name": "augvit_s"})
    # keys of Preprocessing that differ from the model's own (resize, interpolation, mean, std)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        check(0 <= self.seed < 2**32, f"seed={self.seed}: must lie in [0, 2**32)")
        check("name" in self.model, "model.name: missing; it names a registered model such as augvit_s")
        check("size" not in self.preprocessing, "preprocessing.size: is model.image_size; set that one")
        check(
            self.optim.warmup_epochs < self.train.epochs,
            f"optim.warmup_epochs={self.optim.warmup_epochs:g}: must be less than train.epochs={self.train.epochs}",
        )


def load_config(path: str | Path | None, assignments: Sequence[str] = ()) -> Config:
    """Return the config of a YAML file, with ``key=value`` assignments over it.

    Args:
        path: a YAML file; its key ``base`` names the file or files it lies over, relative to itself. None: defaults.
        assignments: ``"optim.lr=5e-4"``; the value is read as YAML.

    Raises:
        UserError: unreadable file, unknown key, wrong type or value, with the place it stands at.
    """
    tree = _read_layers(Path(path), ()) if path else {}
    return overlay(Config(), _merge(tree, load_assignments(assignments)))


def load_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Return ``key=value`` assignments as a table of tables; a dot in a key opens a table, a value is read as YAML."""
    tree: dict[str, Any] = {}
    for assignment in assignments:
        tree = _merge(tree, _parse_assignment(assignment))
    return tree


def dump_config(config: Config) -> str:
    """Return the whole config as YAML that ``load_config`` reads back to an equal one."""
    return yaml.safe_dump(plain(config), sort_keys=False, default_flow_style=None, width=120)


def _read_layers(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Read one YAML file and what it lies over; ``above`` are the files that led here, to find a circle."""
    if path.resolve() in above:
        raise UserError(f"{path}: base leads back to the file itself")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise UserError(f"config {path}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:  # a byte that is no text, an impossible date
        raise UserError(f"config {path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise UserError(f"config {path}: expected a table of keys, got {type(tree).__name__}")
    bases = tree.pop("base", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases):
        raise UserError(f"config {path}: base={bases!r}: expected the name of a file, or a list of them")
    merged: dict[str, Any] = {}
    for base in bases:
        merged = _merge(merged, _read_layers(path.parent / base, (*above, path.resolve())))
    return _merge(merged, tree)


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``under`` with ``over`` laid over it, table by table."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _parse_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UserError(f"{text!r}: expected key=value, such as optim.lr=5e-4")
    try:
        tree: Any = yaml.safe_load(value) if value else ""
    except (yaml.YAMLError, ValueError):  # an impossible date is a ValueError
        raise UserError(f"{text!r}: the value is not YAML") from None
    for part in reversed(key.split(".")):
        tree = {part: tree}
    return tree
