"""Settings for trying it out, not for production."""

import os
from pathlib import Path

import django

HERE = Path(os.environ.get("SHOP", Path(__file__).parents[1]))

SECRET_KEY = "for trying it out"  # noqa: S105 (it protects nothing)
DEBUG = True
USE_TZ = True
ROOT_URLCONF = "project.urls"
INSTALLED_APPS = ["shop", "lazyjobs.integrations.django"]
if django.VERSION < (6, 0):
    INSTALLED_APPS.append("django_tasks")
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_MAIL = "django.core.mail.backends.filebased.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _MAIL, "OPTIONS": {"file_path": HERE / "outbox"}}}
else:
    EMAIL_BACKEND, EMAIL_FILE_PATH = _MAIL, HERE / "outbox"

TASKS = {
    "default": {
        "BACKEND": "lazyjobs.integrations.django.LazyJobsBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"url": os.environ.get("LAZYJOBS_BACKEND", f"sqlite:///{HERE}/jobs.db"), "max_attempts": 10},
    }
}
