"""What several tests share: a laboratory, random data, what must come out of it, projects, servers, machines."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of this project."""
