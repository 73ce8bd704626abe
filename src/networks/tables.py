# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Constants that a network was made with from data: saved in its checkpoint, never learned, no parameters.

A Cell that has such constants has them as ``tables``, NumPy arrays by name, and takes others by ``set_tables``.
"""

from collections.abc import Mapping

import numpy as np
from mindspore import nn

from src.errors import UserError


def tables_of(network: nn.Cell) -> dict[str, np.ndarray]:
    """Return the tables of all Cells within a network, by the path of the Cell and the name of the table."""
    return {
        f"{path}.{name}": table
        for path, cell in network.cells_and_names()
        for name, table in getattr(cell, "tables", {}).items()
    }


def set_tables(network: nn.Cell, tables: Mapping[str, np.ndarray], origin: str) -> None:
    """Give the Cells of a network the tables that ``tables_of`` returned for one of the same settings.

    ``origin`` is where they come from, for messages.

    Raises:
        UserError: tables are missing, or belong to no Cell.
    """
    if strange := tables.keys() ^ tables_of(network).keys():
        raise UserError(f"{origin}: tables that it or the network does not have: {', '.join(sorted(strange))}")
    for path, cell in network.cells_and_names():
        own = getattr(cell, "tables", {})
        if own:
            cell.set_tables({name: tables[f"{path}.{name}"] for name in own})
