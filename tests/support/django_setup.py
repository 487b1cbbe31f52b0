"""Sets Django up for this process, once: import it before anything that needs Django's settings."""

import atexit
from tempfile import TemporaryDirectory

import django
import pytest

_directory = TemporaryDirectory(prefix="lazyjobs-django-")
atexit.register(_directory.cleanup)
with pytest.MonkeyPatch.context() as patches:  # the processes that tests start have settings of their own
    patches.setenv("DJANGO_SETTINGS_MODULE", "tests.support.django_site.settings")
    patches.setenv("SITE_DATABASE", f"{_directory.name}/site.db")
    django.setup()
