# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Reading every picture of a data set once, before a training stumbles over one of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from src.data.source import Source
from src.errors import UserError

_CHUNK = 1024  # pictures handed to the threads at a time; a future each for a million of them would take gigabytes


def read_all(source: Source, workers: int) -> Iterator[str | None]:
    """Yield for each picture of ``source``, in order, None, or why it can't be read."""

    def fault(index: int) -> str | None:
        try:
            source.picture(index)
        except UserError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(source), _CHUNK):
            yield from pool.map(fault, range(start, min(start + _CHUNK, len(source))))
