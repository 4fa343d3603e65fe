"""Jobs and sight: what is done once, or only looked at. None of it is a resource: nothing declares it.

``calls`` is the common ground: a list read to its end, one object by its code, a write that is told apart from a
refusal, rows without secrets. Each job is a module above it, made of values: what the server tells, what was asked.
``render/jobs`` shows them, and a command in ``cli`` asks, waits and prints.

Never: a part of `plan` or `apply`; a job posted again because its answer was lost; a secret in a value that is shown.
Start at ``calls.rows``, then ``migrations.start``.
"""
