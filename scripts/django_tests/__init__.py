"""Runs Django's own tests of task backends against lazyjobs': `python -m django_tests`, as `make django-tests` does."""
