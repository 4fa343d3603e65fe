"""The live state of an account: what to ask (``query``), and reading it level by level (``refresh``).

A ``Query`` says which lists and objects are needed; ``refresh`` reads them, several at a time, and says which live
object is which. ``counts`` compares what parents count with what their lists show.

Never: a write, or a decision about what to change.
Start at ``query.Query``, then ``refresh.read_live_state``.
"""
