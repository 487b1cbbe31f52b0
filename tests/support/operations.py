"""What the tests of operations share."""

import pytest

across_processes = pytest.mark.parametrize("backend_url", ["sqlite", "aws"], indirect=True)
"""Makes a test run on the backends that several processes can share, which memory:// is not."""
