# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""F4: the tree of settings that says what a network is, and the one builder of it."""
