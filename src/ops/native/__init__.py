# Copyright 2026 The Aug-ViT MindSpore authors. Licensed under the Apache License, Version 2.0 (see LICENSE).
"""Native kernels for the CPU: C++ that is compiled on first use, where a compiler is there."""
