"""`python -m lazyjobs_testkit` is `lazyjobs-conformance`."""

import sys

from lazyjobs_testkit.cli import main

sys.exit(main())
