"""What a kind of resource is: attributes, types, identity, calls, and how kinds hang together. It knows no kind.

A kind is one frozen ``ResourceType`` (``resource``): its ``Identity``, its ``Calls`` (``calls``), its ``Lifecycle``
(``lifecycle``) and its ``Field``s, whose values have a type (``types``, ``collections``, ``labels``) in one canonical
form (``formats``). What else a kind may bring are functions: ``rules`` for files and plans, ``records`` for DNS,
``readiness`` for `doctor`. ``kinds`` alone knows who lives in whom, and how keys and addresses are joined; ``patterns``
match addresses; ``places`` knows where each kind stands in a file. ``extra``, ``passwords`` and ``hints`` judge what
people write. Rows of the API are decoded in ``decoding``; the JSON Schemas are generated in ``json_schema`` and asked
in ``json_validation``.

Never: a file, the network, the name of a kind or of an attribute.
Start at ``resource.ResourceType``, then ``kinds.Kinds``.
"""
