"""``python -m charrnn``."""

import sys

from charrnn.cli.main import main

sys.exit(main())
