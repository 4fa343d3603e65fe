"""A configuration and a live state give a plan; the same two always give the same plan.

``queries`` says what must be read, ``targets`` which part is asked for, ``diff`` what differs, ``planner`` makes the
changes, ``graph`` puts them in order, ``guards`` may stop them, ``limits`` and ``billing`` count them,
``advisories`` and ``idle_patterns`` warn. ``firstuse`` says whether an object's user has had it yet, ``customers``
whose account it is. ``planfile`` saves a plan and reads it back as untrusted input.
``pipeline`` reads, plans, and reads more where a guard must see more. ``partial`` reduces a large configuration to
what a change bears on.

Never: a write to the account, the clock, or the environment. Only ``pipeline`` and ``customers`` read the account,
through the reader that they are given.
Start at ``pipeline.read_and_plan``, then ``planner.make_plan``.
"""
