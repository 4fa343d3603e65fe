"""From files to a ``Configuration``: what is declared, what is managed, and where everything stands.

``files`` reads them, ``yaml`` parses them with positions, ``loader`` makes declared objects of the trees, ``rules``
finds what is wrong with the whole. ``settings`` holds the settings block, ``trust`` says where a token may go,
``secrets`` opens references, ``stores`` keeps what the server tells once, and ``programs`` runs what either names.
``git`` and ``revision`` fetch the same files as they were at a revision, ``changes`` compares the two.

Never: the network, or a secret opened before a change needs it. A mistake is a ``Diagnostic`` with its place, and
all of them are told at once.
Start at ``loader.load``, then ``configuration.Configuration``.
"""
