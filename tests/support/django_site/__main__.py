"""The project's manage.py: `python -m tests.support.django_site COMMAND`."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.support.django_site.settings")
execute_from_command_line(["manage.py", *sys.argv[1:]])
