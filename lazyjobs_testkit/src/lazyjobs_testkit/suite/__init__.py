"""What the tests of every area work with, and `conformance_suite`, which makes one class of all of them."""
