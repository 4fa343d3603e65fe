"""Tokens of the Send API: each belongs to a Delivery account, and its text is told once, when it is made."""

from __future__ import annotations

from collections.abc import Iterator

from qboxctl.model import Action, Advisory
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.collections import Networks
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.labels import Label
from qboxctl.schema.resource import ResourceType, Told
from qboxctl.schema.rules import Planned
from qboxctl.schema.secrets import Store

_LIST = "/api/delivery/accounts/{delivery_account}/api_tokens"
_ITEM = f"{_LIST}/{{id}}"
_USED = "last_used_at"
_IN_THE_PANEL = (
    "where the API makes none for this token, make it in the panel (Delivery account, settings) with the same label: "
    "it is found by that, and needs no store: take that out of the file, since with an empty one it is made anew"
)


def _cut_off(planned: Planned) -> Iterator[Advisory]:
    """A token that goes, by itself or with its account, cuts its sender off at once."""
    gone = {change.address for change in planned.plan.changes if change.action is Action.DELETE}
    for address, live in planned.live_state.live.items() if gone else ():
        used = live.row.get(_USED) if address.kind == "token" else None
        if used and gone.intersection((address, *planned.types.ancestors(address))):
            message = f"{address} is in use, {_USED} {str(used)[:40]}: what sends with it is cut off at once"
            yield Advisory("Q060", str(address), message, "let its sender use another token first")


RESOURCE = ResourceType(
    kind="token",
    title="Send API token",
    doc="A token that programs send mail with, through its Delivery account. Its text is told once, and goes where "
    "store says; a token that is there already, such as one made in the panel, needs no store.",
    section=("tokens",),
    parent="delivery_account",
    goes_along=True,
    calls=Calls(
        list=Call("GET", _LIST, paged=False),
        read=None,
        create=Call("POST", _LIST, closed=_IN_THE_PANEL),
        writes={"update": Call("PUT", _ITEM)},
        delete=Call("DELETE", _ITEM),
    ),
    identity=Identity(key="label", id="id", normalise=formats.cased_label, unique=False),
    told=Told(
        "store",
        ("token", "plain_token", "api_token", "plain", "value", "secret", "key"),
        preview="token_preview",
        used=_USED,
    ),
    advice=(_cut_off,),
    hints={
        **dict.fromkeys(("name", "description"), "the key is the label"),
        **dict.fromkeys(
            ("token", "secret", "value", "password"),
            "the server makes the token: write store, which says where it goes",
        ),
        **dict.fromkeys(("nets", "networks", "ips", "allowed_ips", "allow_list"), "write allow_nets: [ADDRESS]"),
    },
    fields=(
        Field(
            "label",
            Label(),
            "What people know the token by; the key unless said otherwise",
            mode=Mode.CREATE_ONLY,
            source="postApiDeliveryAccountsIdApiTokens",
        ),
        Field(
            "allow_nets",
            Networks(),
            "IP addresses and networks that may send with the token, written right after its creation; [] for all",
            mode=Mode.UPDATE_ONLY,
            initial=(),
            source="putApiDeliveryAccountsIdApiTokensTokenId",
        ),
        Field(
            "store",
            Store(),
            "Where the token goes that the server tells once: a file that is made, or a program's standard input",
            mode=Mode.LOCAL,
            required=True,
        ),
    ),
)
