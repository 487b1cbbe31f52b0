"""Where this backend logs."""

import logging

from lazyjobs.logs import fit

logger = fit(logging.getLogger("lazyjobs.aws"))
