# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a training step minimises, of which parameters, and what it hands back; a file an objective."""
