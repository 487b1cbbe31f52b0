"""`python -m lazyjobs_testkit.zoo`: the kit proves itself."""

import sys

from lazyjobs_testkit.zoo._command import main

if __name__ == "__main__":
    sys.exit(main())
