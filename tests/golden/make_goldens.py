# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Make the goldens beside this file with PyTorch: python make_goldens.py [--check FOLDER].

A short reading of the Vision Transformer with augmented shortcuts, in the five modes that were released, and tiny
networks of the other families as ``benchmarks`` has them. On the outputs of the official PyTorch code (``--check``, on
a folder of files of the same names) they agree within 1e-5: largest difference seen 1.3e-6, 2.4e-7 in the losses of six
training steps. Parameters and images are values that half precision holds, and are stored so; everything is computed in
float32. The tests need the files, not this program.
"""

import argparse
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812, its customary name

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program in a folder of its own still finds benchmarks

from benchmarks.torch_pvt import PyramidTransformer
from benchmarks.torch_swin import SwinTransformer
from benchmarks.torch_t2t import TokensToTokenTransformer

MODES = ("base", "linear", "circulant", "linear2", "circulant2")
SIZES = {"image_size": 16, "patch_size": 8, "embed_dim": 24, "num_heads": 3, "mlp_ratio": 2, "num_classes": 10}
COMMON = {**SIZES, "num_cir": 4, "ln_eps": 1e-3}  # a thousand times the networks' own: a norm without it shows
RATES = (0.002, 0.004, 0.001)  # learning rate of each step of the training golden
WEIGHT_DECAY, EMA_DECAY = 0.05, 0.9
_PVT = {
    "family": "pvt",
    "patch_sizes": [2, 2, 2, 2],
    "embed_dims": [4, 8, 12, 16],
    "depths": [1, 2, 1, 1],
    "num_heads": [1, 2, 3, 4],
    "mlp_ratios": [4, 4, 2, 2],
    "sr_ratios": [8, 4, 2, 1],
}
_T2T = {"family": "t2t", "token_dim": 8, "embed_dim": 12, "depth": 2, "num_heads": 3, "mlp_ratio": 3}
_SWIN = {"family": "swin", "patch_size": 4, "embed_dim": 6, "depths": [2, 2, 1], "num_heads": [2, 3, 4], "mlp_ratio": 4}
_OTHERS = {"image_size": 32, "num_classes": 10, "ln_eps": 1e-3}
FAMILIES = {
    "pvt": {**_PVT, **_OTHERS},
    "t2t_performer": {**_T2T, **_OTHERS, "tokens_type": "performer"},
    "t2t_transformer": {**_T2T, **_OTHERS, "tokens_type": "transformer"},
    "swin": {**_SWIN, **_OTHERS, "window_size": 4},  # half of the first grid, all of the second, more than the third
    "augpvt": {**_PVT, **_OTHERS, "depths": [1, 1, 1, 1], "mode": "circulant2", "num_cir": 4},
}
NETWORKS = {"pvt": PyramidTransformer, "t2t": TokensToTokenTransformer, "swin": SwinTransformer}
ARGUMENTS = {  # of the networks, by their names in a config; all others are called the same
    "patch_sizes": "patches",
    "patch_size": "patch",
    "embed_dims": "dims",
    "embed_dim": "dim",
    "num_heads": "heads",
    "mlp_ratios": "ratios",
    "mlp_ratio": "ratio",
    "sr_ratios": "reductions",
    "tokens_type": "tokens",
    "window_size": "window",
    "num_classes": "classes",
    "ln_eps": "eps",
}
NO_DECAY = re.compile(r"cls_token|pos_embed|.*\.bias|.*norm\d?\.weight|.*\.weight_list")


def forward(config: dict, p: dict[str, Tensor], images: Tensor) -> Tensor:
    """Return the logits of ``images``."""
    x = F.conv2d(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=config["patch_size"])
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([p["cls_token"].expand(len(x), -1, -1), x], 1) + p["pos_embed"]
    for i in range(config["depth"]):
        q = {name.removeprefix(f"blocks.{i}."): value for name, value in p.items() if name.startswith(f"blocks.{i}.")}
        z = norm(config, x, q, "norm1")
        x = past(config, x + attention(config, z, q), z, q, "augs_attn")
        z = norm(config, x, q, "norm2")
        x = past(config, x + linear(F.gelu(linear(z, q, "mlp.fc1")), q, "mlp.fc2"), z, q, "augs")
    return linear(norm(config, x, p, "norm")[:, 0], p, "head")


def past(config: dict, total: Tensor, z: Tensor, q: dict[str, Tensor], stem: str) -> Tensor:
    """Return ``total``, identity and branch, with the augmented paths of the normed ``z`` past them."""
    if config["mode"] == "base":
        return total
    if not config["mode"].endswith("2"):
        return total + path(config, z, q, stem)
    return (total + F.gelu(path(config, z, q, f"{stem}.0")) + F.gelu(path(config, z, q, f"{stem}2.0"))) * 0.75


def path(config: dict, z: Tensor, q: dict[str, Tensor], name: str) -> Tensor:
    """Return one projection of ``z``."""
    if config["mode"].startswith("linear"):
        return linear(z, q, name)
    dim, blocks = z.shape[-1], config["num_cir"]
    n = dim // blocks
    row, column = torch.arange(dim)[:, None], torch.arange(dim)
    index = (row // n * blocks + column // n) * n + (row % n - column % n) % n
    return F.linear(z, q[f"{name}.weight_list"][index], q[f"{name}.bias"])


def attention(config: dict, z: Tensor, q: dict[str, Tensor]) -> Tensor:
    """Return multi-head self-attention of ``z``."""
    batch, tokens, dim = z.shape
    heads = config["num_heads"]
    query, key, value = linear(z, q, "attn.qkv").reshape(batch, tokens, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
    weights = (query @ key.transpose(-2, -1) * (dim // heads) ** -0.5).softmax(-1)
    return linear((weights @ value).transpose(1, 2).reshape(batch, tokens, dim), q, "attn.proj")


def linear(z: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    """Return the dense layer ``name`` of ``z``."""
    return F.linear(z, p[f"{name}.weight"], p[f"{name}.bias"])


def norm(config: dict, x: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    """Return the layer norm ``name`` of ``x``."""
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"], config["ln_eps"])


def shapes(config: dict) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter by its PyTorch name."""
    dim, patch, hidden = config["embed_dim"], config["patch_size"], config["embed_dim"] * config["mlp_ratio"]
    tokens = 1 + (config["image_size"] // patch) ** 2
    table = {"cls_token": (1, 1, dim), "pos_embed": (1, tokens, dim)}
    table |= {"patch_embed.proj.weight": (dim, 3, patch, patch), "patch_embed.proj.bias": (dim,)}
    inner = ".0" if config["mode"].endswith("2") else ""
    stems = [] if config["mode"] == "base" else ["augs_attn", "augs"] + ["augs_attn2", "augs2"] * bool(inner)
    for i in range(config["depth"]):
        layers = {
            "attn.qkv": (3 * dim, dim),
            "attn.proj": (dim, dim),
            "mlp.fc1": (hidden, dim),
            "mlp.fc2": (dim, hidden),
        }
        layers |= {"norm1": (dim,), "norm2": (dim,)}
        table |= {f"blocks.{i}.{name}.weight": shape for name, shape in layers.items()}
        table |= {f"blocks.{i}.{name}.bias": shape[:1] for name, shape in layers.items()}
        dense = config["mode"].startswith("linear")
        for stem in stems:
            weight = {".weight": (dim, dim)} if dense else {".weight_list": (config["num_cir"] * dim,)}
            table |= {f"blocks.{i}.{stem}{inner}{name}": shape for name, shape in {**weight, ".bias": (dim,)}.items()}
    return {**table, "norm.weight": (dim,), "norm.bias": (dim,), "head.weight": (10, dim), "head.bias": (10,)}


def draw(config: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random parameters in half precision, large enough that attention and GELU are far from linear."""
    table = {name: rng.standard_normal(shape) * 0.2 for name, shape in shapes(config).items()}
    return {name: (value + ("norm" in name and "weight" in name)).astype(np.float16) for name, value in table.items()}


def as_tensors(table: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Return arrays as float32 tensors."""
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in table.items()}


def under(prefix: str, table: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Return tensors as arrays with a prefix before their names."""
    return {prefix + name: value.detach().numpy().copy() for name, value in table.items()}


def train(
    config: dict, table: dict[str, np.ndarray], images: np.ndarray, targets: np.ndarray, rates: np.ndarray
) -> dict:
    """Return losses, first gradients, final parameters and their moving average of AdamW steps."""
    p = {name: value.requires_grad_() for name, value in as_tensors(table).items()}
    groups = [
        {"params": [v for n, v in p.items() if bool(NO_DECAY.fullmatch(n)) == exempt], "weight_decay": decay}
        for exempt, decay in ((False, config["weight_decay"]), (True, 0.0))
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.999), eps=1e-8)
    average = {name: value.detach().clone() for name, value in p.items()}
    losses, first = [], {}
    for step, rate in enumerate(rates):
        logits = forward(config, p, torch.from_numpy(images[step].astype(np.float32)))
        loss = -(torch.from_numpy(targets[step]) * logits.log_softmax(-1)).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        first = first or under("grad0/", {name: value.grad for name, value in p.items()})
        for group in optimizer.param_groups:
            group["lr"] = float(rate)
        optimizer.step()
        for name, value in p.items():
            average[name].mul_(config["ema_decay"]).add_(value.detach(), alpha=1 - config["ema_decay"])
        losses.append(loss.item())
    return {"losses": np.array(losses), **first, **under("final/", p), **under("ema/", average)}


def network(config: dict[str, Any]) -> nn.Module:
    """Return the network of another family in evaluation mode."""
    build = NETWORKS[config["family"]]
    given = {ARGUMENTS.get(name, name): value for name, value in config.items()}
    return build(**{name: given[name] for name in inspect.signature(build).parameters if name in given}).eval()


def lively(model: nn.Module, rng: np.random.Generator) -> None:
    """Give a network random parameters that half precision holds; what is fixed stays what it is, the features rounded.

    A layer's sums are as large as what goes in, so that softmax, GELU and random features are far from linear.
    """
    for name, value in model.named_parameters():
        if value.requires_grad:
            spread = value[0].numel() ** -0.5 if name.endswith(".weight") and value.dim() > 1 else 0.2
            drawn = rng.standard_normal(value.shape) * spread + bool(re.search(r"norm\d?\.weight", name))
            value.data = torch.from_numpy(drawn.astype(np.float16).astype(np.float32))
        elif name.endswith(".w"):
            value.data = value.data.half().float()


def family(config: dict[str, Any], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return input, output and parameters of a network, and the gradients of its loss with soft ``targets``."""
    model = network(config)
    lively(model, rng)
    size, classes = config["image_size"], config["num_classes"]
    images = rng.standard_normal((2, 3, size, size)).astype(np.float16)
    targets = rng.dirichlet(np.full(classes, 0.3), 2).astype(np.float32)
    logits = model(torch.from_numpy(images.astype(np.float32)))
    F.cross_entropy(logits, torch.from_numpy(targets)).backward()
    gradients = {name: value.grad for name, value in model.named_parameters() if value.requires_grad}
    arrays = {"input": images, "output": logits.detach().numpy(), "targets": targets}
    arrays |= {name: smallest(value) for name, value in under("param/", model.state_dict()).items()}
    return {**arrays, **under("grad/", gradients)}


def smallest(value: np.ndarray) -> np.ndarray:
    """Return an array in half precision where that holds it."""
    half = value.astype(np.float16)
    return half if np.array_equal(half, value) else value


def make(folder: Path) -> None:
    """Write all goldens into ``folder``."""
    for number, (name, config) in enumerate(FAMILIES.items()):
        torch.manual_seed(number)  # of the random features
        arrays = family(config, np.random.default_rng([2021, number]))
        np.savez_compressed(folder / f"{name}.npz", config=json.dumps(config), **arrays)
    rng = np.random.default_rng(2021)
    size = SIZES["image_size"]
    for mode in MODES:
        config = {**COMMON, "mode": mode, "depth": 2 if mode.endswith("2") else 1}  # small files
        table, images = draw(config, rng), rng.standard_normal((2, 3, size, size)).astype(np.float16)
        output = forward(config, as_tensors(table), torch.from_numpy(images.astype(np.float32))).numpy()
        arrays = {"input": images, "output": output, **{f"param/{name}": value for name, value in table.items()}}
        np.savez_compressed(folder / f"augvit_{mode}.npz", config=json.dumps(config), **arrays)
    config = {**COMMON, "mode": "circulant2", "depth": 1, "weight_decay": WEIGHT_DECAY, "ema_decay": EMA_DECAY}
    table, images = draw(config, rng), rng.standard_normal((len(RATES), 4, 3, size, size)).astype(np.float16)
    targets = rng.dirichlet(np.full(10, 0.3), (len(RATES), 4)).astype(np.float32)
    arrays = {"images": images, "targets": targets, "lr": np.array(RATES)}
    arrays |= {f"init/{name}": value for name, value in table.items()}
    arrays |= train(config, table, images, targets, arrays["lr"])
    np.savez_compressed(folder / "train_augvit_circulant2.npz", config=json.dumps(config), **arrays)


def part(file: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays under a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in file.items() if name.startswith(prefix)}


def family_difference(path: Path) -> float:
    """Return the largest difference of the logits of another family from a golden's."""
    file = dict(np.load(path))
    model = network(json.loads(str(file["config"])))
    parameters, own = dict(model.named_parameters()), model.state_dict()
    tables = {name: value for name, value in own.items() if name not in parameters}  # stay ours where a file has none
    model.load_state_dict({**tables, **as_tensors(part(file, "param/"))}, strict=True)
    output = model(torch.from_numpy(file["input"].astype(np.float32))).numpy()
    return float(np.abs(output - file["output"]).max())


def check(folder: Path) -> None:
    """Compare this reading with the goldens in ``folder``, and say how far they are apart."""
    with torch.no_grad():
        for name in FAMILIES:
            if (folder / f"{name}.npz").exists():
                print(f"{name}: logits {family_difference(folder / f'{name}.npz'):.1e}")  # noqa: T201
        for mode in MODES:
            file = dict(np.load(folder / f"augvit_{mode}.npz"))
            images = torch.from_numpy(file["input"].astype(np.float32))
            output = forward(json.loads(str(file["config"])), as_tensors(part(file, "param/")), images).numpy()
            print(f"{mode}: logits {np.abs(output - file['output']).max():.1e}")  # noqa: T201
    file = dict(np.load(folder / "train_augvit_circulant2.npz"))
    config = json.loads(str(file["config"]))
    again = train(config, part(file, "init/"), file["images"], file["targets"], file["lr"])
    for prefix in ("losses", "grad0/", "final/", "ema/"):
        differences = {name: np.abs(again[name] - file[name]).max() for name in file if name.startswith(prefix)}
        worst = max(differences, key=differences.get)
        print(f"training: {worst} {differences[worst]:.1e}")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", type=Path, help="compare with the goldens of this folder instead of writing any")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.check:
        check(args.check)
    else:
        make(Path(__file__).resolve().parent)
