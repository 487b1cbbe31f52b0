"""A Django project for the tests: its settings, and an application with tasks."""
