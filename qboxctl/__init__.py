"""qboxctl: Qboxmail as code, with a plan before every change."""

__version__ = "0.1.0"
