"""The Management API: one HTTP client, what its answers mean, and any kind listed, read and written.

``client`` has two faces: a ``Reader`` cannot write, a ``Client`` can. It obeys one limiter, repeats what is safe to
repeat, and redacts what it tells. ``transport`` bounds each request in time and size, ``responses`` tells an answer
from a refusal and from trouble, ``telling`` takes a secret out of one, ``listing`` joins the pages of a list that may
move. ``reader`` and ``writer`` turn calls of a kind into requests, and rows into live objects.

Never: a plan, a configuration's meaning, or an endpoint that no kind names. What cannot be seen is never taken for
what is not there.
Start at ``client.Reader``, then ``reader.Account``.
"""
