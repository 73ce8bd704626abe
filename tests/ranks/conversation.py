# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What two ranks say to each other; a job runs this file twice, and each prints what it heard as JSON."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from mindspore import Parameter, Tensor

from src.distributed import start_device, start_ranks
from src.errors import AgreedError, UserError


def agreed(ranks, failure):
    try:
        ranks.agree(failure)
    except AgreedError as error:
        return str(error)
    return None


def different(ranks, parameters):
    try:
        ranks.check_identical(parameters)
    except RuntimeError:
        return True
    return False


def main():
    start_device("CPU")
    ranks = start_ranks()
    weights = [
        Parameter(Tensor(np.full((3, 2), ranks.rank + 1.5, np.float32)), name="a"),
        Parameter(Tensor(np.float32(ranks.rank + 7)), name="b"),
    ]
    drifted = [different(ranks, weights)]
    ranks.copy_first(weights)
    drifted.append(different(ranks, weights))
    worked, company = [], []
    ranks.total([0])  # from here on the clocks of both run
    began = time.monotonic()
    ranks.while_first(lambda: (time.sleep(1), worked.append(1)))
    company.append(time.monotonic() - began > 0.5)
    try:
        ranks.while_first(lambda: {}["nothing"])
        raised = False
    except KeyError:
        raised = True
    heard = {
        "rank": ranks.rank,
        "size": ranks.size,
        "total": ranks.total([1, ranks.rank, 2**24]).tolist(),
        "weights": [float(weight.asnumpy().sum()) for weight in weights],
        "nobody": ranks.share(None),
        "second": ranks.share("né 猫" if ranks.rank == 1 else None),
        "both": ranks.share(f"rank {ranks.rank}"),
        "empty": ranks.share("" if ranks.first else None),
        "peace": agreed(ranks, None),
        "trouble": agreed(ranks, UserError("a/b.png: broken") if ranks.rank == 1 else None),
        "worked": len(worked),
        "company": company,
        "raised": raised,
        "drifted": drifted,
    }
    print("heard " + json.dumps(heard), flush=True)


if __name__ == "__main__":
    main()
