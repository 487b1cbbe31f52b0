"""The page of the control plane in a real Chromium: what `make browser` runs."""
