"""Plans, diagnostics and outcomes as text for people and machines.

``parts`` says in plain words what every form of a plan shows; ``plan_text``, ``plan_markdown`` and ``plan_html``
decide how it looks, the last with the view, template, style and script in ``html/``; ``differences`` shows how long
texts differ; ``diagnostics``, ``outcomes`` and the others show the rest. ``style`` knows colours and columns, ``table``
lines things up, ``comment`` keeps Markdown short and safe.

Never: a decision, the terminal, or a text from outside that could move its cursor, be HTML or be Markdown.
Start at ``parts``, then ``plan_text.render``.
"""
