# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""What is counted on pictures, and which figure decides the best checkpoint; a file a metric."""
