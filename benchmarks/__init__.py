"""Side by side with the peers, in microseconds per update; how it grows with the sizes.

`python -m benchmarks.compare` and `python -m benchmarks.scaling`; see README.md here.

Everything runs on one thread.  Libraries read these variables when they are loaded, so
they are set here, where no library has been yet.
"""

import os

os.environ |= {
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # The width is only a permission: XLA uses half of a processor's vectors without.
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false --xla_cpu_prefer_vector_width=512",
}
