"""The network's arithmetic: one version to be read, the oracle, and one to be fast.

`reference` is the former, and uses nothing of the latter.  Who calls whom::

    training, gradcheck    + evaluation, inspection    sampling
              |                     |                     |
          learning               forward               drawing
              |                     |                     |
              +---------------------+---------------------+
                                    |
                                 passes      the equations, pass by pass
                                    |
                   +----------------+----------------+
                   |                |                |
                padding            jit            products
          (rows of weights)  (Numba, `exact`)  (written in LLVM's vectors)

Beside the network, with whole numbers: `matching` (strings that two texts share) and
`counting` (n-grams), both on the tables of `hashing`.
"""
