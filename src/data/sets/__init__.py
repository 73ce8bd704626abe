# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""The data sets: what each looks like on the disk, as a ``Source``."""
