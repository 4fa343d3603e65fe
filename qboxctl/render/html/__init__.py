"""The HTML page of a plan as plain values (``view``, ``changes``), and its template, style and script beside them.

Never: a value from outside that is HTML, an address that is followed but for https, or anything that is fetched.
Start at ``view.page``, then ``plan.html``.
"""
