"""The settings; where tasks are stored comes from the environment, for the processes that the tests start."""

import os

import django

SECRET_KEY = "of the tests"
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = [
    "tests.support.django_site",
    "lazyjobs.integrations.django",
    *(["django_tasks"] if django.VERSION < (6, 0) else []),
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("SITE_DATABASE", ":memory:")}}
TASKS = {
    "default": {
        "BACKEND": "lazyjobs.integrations.django.LazyJobsBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"url": os.environ.get("SITE_URL", "memory://"), "max_attempts": 3},
    },
    "other": {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "OPTIONS": {"url": "memory://"}},
}
