# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Starting a program on many ranks by msrun; nothing here imports MindSpore, which the ranks do themselves."""
