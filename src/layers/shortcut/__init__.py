# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What carries a block's input past its branch: the identity, or augmented shortcuts (Aug-ViT, Eq. 8)."""
