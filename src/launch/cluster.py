# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Which processes a job has: how many on this machine, on how many machines, and where they meet."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from src.errors import UserError


@dataclass(frozen=True)
class Cluster:
    """The ranks of a job."""

    local: int  # ranks on this machine, one a device
    nodes: int = 1  # machines, each with as many ranks
    node: int = 0  # which of them this is
    address: str = "127.0.0.1"  # of machine 0, where the ranks meet
    port: int = 8118  # of it

    @property
    def size(self) -> int:
        """Return the number of ranks on all machines."""
        return self.local * self.nodes

    @property
    def ranks(self) -> range:
        """Return the ranks on this machine."""
        return range(self.node * self.local, (self.node + 1) * self.local)

    def check_port(self) -> None:
        """Find out, on the machine where the ranks meet, whether their port is free.

        Raises:
            UserError: another program has it.
        """
        if self.node:
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a job that has just ended is no obstacle
            try:
                probe.bind(("", self.port))
            except OSError as error:
                raise UserError(
                    f"MASTER_PORT={self.port}: can't be used ({error.strerror}); set it to a port that is free"
                ) from None


def read_cluster(devices: str, environment: Mapping[str, str]) -> Cluster:
    """Return the cluster of ``devices`` ranks a machine and of NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT.

    Raises:
        UserError: something is no number, out of range, or missing.
    """
    local = _number("DEVICE_NUM", devices, 1, 4096)
    nodes = _number("NNODES", environment.get("NNODES", "1"), 1, 65536)
    node = _number("NODE_RANK", environment.get("NODE_RANK", "0"), 0, nodes - 1)
    port = _number("MASTER_PORT", environment.get("MASTER_PORT", str(Cluster.port)), 1024, 65535)
    if nodes > 1 and not {"NODE_RANK", "MASTER_ADDR"} <= environment.keys():
        raise UserError(f"NNODES={nodes}: goes with NODE_RANK, and with MASTER_ADDR of the machine that is 0")
    return Cluster(local, nodes, node, environment.get("MASTER_ADDR", Cluster.address), port)


def _number(name: str, text: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        raise UserError(f"{name}={text}: must be a number in [{low}, {high}]")
    return int(text)
