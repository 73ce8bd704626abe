# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""F6: records on disk, and what weights of other origin need to become ours."""
