"""A plan is carried out: checked again, run in order, read back, journalled, reported.

``apply`` tells the story from a plan to its outcomes. ``preflight`` asks whether the plan still fits the account and
may run, and opens the secrets. ``scheduler`` decides when a step starts, waits or is given up, on the event loop of
``loop``; ``executor`` sends one step's requests; ``verification`` reads back, and judges what it reads. ``run`` is what
these share, ``handover`` brings a secret that is told once to its store, ``ids`` the codes that they learn.
``stepwise`` tells what became of a change write by write; ``journal`` has each write on disk before it goes out.

Never: a write that the journal does not know, a creation repeated blindly, or a step that is done and was not seen.
Start at ``apply.apply_plan``, then ``scheduler.Scheduler``.
"""
