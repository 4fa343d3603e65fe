"""What a kind of resource is: attributes, types, identity, calls, and how kinds hang together. It knows no kind.

A kind is one frozen ``ResourceType`` (``resource``) made of ``Field``s, whose values have a type (``types``,
``collections``, ``labels``) in one canonical form (``formats``). ``kinds`` alone knows who lives in whom, and how
keys and addresses are joined; ``patterns`` match addresses; ``places`` knows where each kind stands in a file. Rows
of the API are decoded in ``decoding``; the JSON Schemas are generated in ``json_schema`` and asked in
``json_validation``.

Never: a file, the network, the name of a kind or of an attribute.
Start at ``resource.ResourceType``, then ``kinds.Kinds``.
"""
