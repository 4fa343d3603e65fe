"""The HTML page of a plan: what it shows as plain values (``view``), and its template, style and script beside them.

Never: a value from outside that is HTML, an address that is followed but for https, or anything that is fetched.
Start at ``view.page``, then ``plan.html``.
"""
