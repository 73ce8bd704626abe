# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Files of tensors as PyTorch users have them: ``.npz``, ``.safetensors``, and torch's own."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from src.errors import UserError

_WRAPPERS = ("model", "state_dict_ema", "state_dict")  # keys under which training scripts put the weights, best first


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a ``.npz``, ``.safetensors`` or PyTorch file as float32 or integers.

    Raises:
        UserError: no such file, another format, a damaged file, or the library that reads it is missing.
    """
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    readers |= dict.fromkeys((".pth", ".pt", ".bin", ".tar"), _read_torch)  # .tar: T2T-ViT's .pth.tar
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"--weights {path}: expected {', '.join(readers)}")
    if not path.is_file():
        raise UserError(f"--weights {path}: no such file")
    state = reader(path)
    if not state:
        raise UserError(f"--weights {path}: holds no tensors")
    return {name.removeprefix("module."): _as_float32(value) for name, value in state.items()}


def write_state(path: Path, state: Mapping[str, np.ndarray], properties: Mapping[str, str] | None = None) -> None:
    """Write tensors to a ``.npz``, ``.safetensors``, ``.pth``, ``.pt`` or ``.bin`` file.

    Of these, only a ``.safetensors`` file has a place for ``properties``.

    Raises:
        UserError: another format, no such folder, no room, or the library that writes it is missing.
    """
    writers = {".npz": _write_npz, ".safetensors": partial(_write_safetensors, properties)}
    writers |= dict.fromkeys((".pth", ".pt", ".bin"), _write_torch)
    writer = writers.get(path.suffix.lower())
    if writer is None or not path.parent.is_dir():
        raise UserError(f"--output {path}: expected {', '.join(writers)} in a folder that exists")
    unfinished = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        writer(unfinished, state)
        unfinished.replace(path)
    except ImportError as error:
        raise UserError(f"--output {path}: writing it needs the package {error.name}") from None
    except (OSError, RuntimeError) as error:
        raise UserError(f"--output {path}: could not be written ({error})") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _as_float32(value: np.ndarray) -> np.ndarray:
    return value if value.dtype.kind in "iub" else value.astype(np.float32)  # a bfloat16 has a kind of its own


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds for a file that is damaged
        raise UserError(f"--weights {path}: not a .npz file of arrays, or damaged ({error})") from None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError:
        raise UserError(f"--weights {path}: reading .safetensors needs the package safetensors") from None
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"--weights {path}: not a .safetensors file, or damaged ({error})") from None


def _read_torch(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise UserError(f"--weights {path}: reading it needs the package torch; .npz and .safetensors do not") from None
    try:
        table: Any = torch.load(path, map_location="cpu", weights_only=True)  # nothing in the file is executed
    except Exception as error:  # torch raises many kinds for a file that is damaged or holds more than tensors
        raise UserError(
            f"--weights {path}: not a file of PyTorch tensors alone ({str(error).splitlines()[0]})"
        ) from None
    for wrapper in _WRAPPERS:
        if isinstance(table, dict) and isinstance(table.get(wrapper), dict):
            table = table[wrapper]
    if not isinstance(table, dict):
        raise UserError(f"--weights {path}: expected a table of tensors, got {type(table).__name__}")
    return {name: value.float().numpy() for name, value in table.items() if isinstance(value, torch.Tensor)}


def _write_npz(path: Path, state: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **state)


def _write_safetensors(properties: Mapping[str, str] | None, path: Path, state: Mapping[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(value) for name, value in state.items()}
    save_file(tensors, path, dict(properties) if properties else None)


def _write_torch(path: Path, state: Mapping[str, np.ndarray]) -> None:
    import torch

    torch.save({"model": {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()}}, path)
