"""YAML 1.2 from libyaml's events, with the position of everything; and plain YAML written back.

The only room that knows PyYAML, and that forks to parse many files at once (``parallel``).

Never: a meaning. Keys and values are plain text, numbers, lists and mappings here.
Start at ``reader.Source``.
"""
