"""An example: the SHA-256 of every file of a directory tree, one job a file.

Run it by `python -m examples.checksums`.
"""
