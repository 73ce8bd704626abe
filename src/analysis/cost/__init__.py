# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What a network costs: counted for its tokens, by formulas of its layers, and shown as a table."""
