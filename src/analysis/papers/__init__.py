# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What the papers print, a file a paper, and how it compares with what is counted here."""
