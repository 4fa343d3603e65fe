"""DNS: the records that declared domains need (``records``), and what is published (``lookup``).

Never: a write, or a record that the API does not tell or the reference does not name.
Start at ``records.records``.
"""
