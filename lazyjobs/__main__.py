"""`python -m lazyjobs` is the command `lazyjobs`."""

import sys

from lazyjobs.cli import main

sys.exit(main())
