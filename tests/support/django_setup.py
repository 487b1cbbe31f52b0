"""Sets Django up for this process, once: import it before anything that needs Django's settings."""

import atexit
import os
from tempfile import TemporaryDirectory

import django

_directory = TemporaryDirectory(prefix="lazyjobs-django-")
atexit.register(_directory.cleanup)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.support.django_site.settings"
os.environ["SITE_DATABASE"] = f"{_directory.name}/site.db"
django.setup()
