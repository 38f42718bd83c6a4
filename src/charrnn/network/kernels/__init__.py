"""The network's arithmetic: one version to be read, the oracle, and one to be fast.

`reference` is the former.  The latter is `compiled` (learning: `updates`, and a window's
gradients), `reading` and `writing`; below them `passes`, `padding`, `products` and `jit`.
"""
