"""What the tests of this backend share: a namespace, crashes, faults, and a variant that loses jobs."""
