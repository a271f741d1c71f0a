#!/usr/bin/env python
"""Django's command line for Pipeline CRM. In an evaluation it brings its own PostgreSQL and Valkey."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from pipeline_crm import embedded
    from pipeline_crm.processes import NotStarted

    try:
        with embedded.for_this_process():
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, NotStarted) as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
