"""What the server does with each kind beyond its definition: one ``BEHAVIOUR`` a module, named for the kind.

A kind whose server does nothing of its own needs none.

Never: what the definition says already.
Start at ``alias``, then ``qboxctl.emulator.behaviour``.
"""
