# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the environment says about a cluster."""

import socket

import pytest

from src.errors import UserError
from src.launch.cluster import Cluster, read_cluster


def test_one_machine_is_the_default():
    assert read_cluster("4", {}) == Cluster(4, 1, 0, "127.0.0.1", 8118)
    assert read_cluster("4", {}).ranks == range(4)


def test_a_machine_of_several():
    variables = {"NNODES": "3", "NODE_RANK": "2", "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "9000"}
    cluster = read_cluster("8", variables)
    assert cluster == Cluster(8, 3, 2, "10.0.0.7", 9000)
    assert cluster.size == 24
    assert cluster.ranks == range(16, 24)


@pytest.mark.parametrize(
    ("devices", "variables", "said"),
    [
        ("0", {}, "DEVICE_NUM=0: must be a number in [1, 4096]"),
        ("two", {}, "DEVICE_NUM=two: must be a number"),
        ("-2", {}, "DEVICE_NUM=-2: must be a number"),
        ("2", {"NNODES": "0"}, "NNODES=0: must be a number in [1, 65536]"),
        ("2", {"NNODES": "2", "NODE_RANK": "2"}, "NODE_RANK=2: must be a number in [0, 1]"),
        ("2", {"MASTER_PORT": "80"}, "MASTER_PORT=80: must be a number in [1024, 65535]"),
        ("2", {"NNODES": "2"}, "NNODES=2: goes with NODE_RANK"),
        ("2", {"NNODES": "2", "NODE_RANK": "1"}, "NNODES=2: goes with NODE_RANK, and with MASTER_ADDR"),
    ],
)
def test_mistakes_are_named(devices, variables, said):
    with pytest.raises(UserError) as refused:
        read_cluster(devices, variables)
    assert str(refused.value).startswith(said)


def test_a_port_in_use_is_named():
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"^MASTER_PORT={port}: can't be used \(Address already in use\)"):
            Cluster(2, port=port).check_port()
        Cluster(2, 2, 1, "10.0.0.7", port).check_port()  # of another machine
    Cluster(2, port=port).check_port()
