"""What the server does besides keeping objects: jobs that run, and their records. One module for each.

A ``Service`` has routes of its own. What it knows stands in a seed under its name, and in the state beside the objects.
"""

from qboxctl.emulator.jobs.imports import Imports
from qboxctl.emulator.jobs.migrations import Migrations
from qboxctl.emulator.jobs.sending import Sending
from qboxctl.emulator.jobs.service import Service

SERVICES: tuple[type[Service], ...] = (Imports, Migrations, Sending)
"""All of them."""
