"""Team members: colleagues who work in the panel, and with tokens, within the permissions that they are given."""

from qboxctl.resources.people import names, password
from qboxctl.schema import formats
from qboxctl.schema.calls import Call, Calls
from qboxctl.schema.field import Field, Mode
from qboxctl.schema.identity import Identity
from qboxctl.schema.keys import Keys
from qboxctl.schema.lifecycle import Lifecycle
from qboxctl.schema.resource import ResourceType
from qboxctl.schema.types import Choice

_CREATE = "postApiTeamMembers"
_UPDATE = "putApiTeamMembersTeamMemberCode"
_ITEM = "/api/team_members/{id}"
_CLOSED = "only the customer's own token may see and change team members, not that of a team member or a manager"

RESOURCE = ResourceType(
    kind="team_member",
    title="Team member",
    doc="A colleague who manages the account in the panel. One can be disabled, not deleted.",
    section=("team_members",),
    file="access",
    calls=Calls(
        list=Call("GET", "/api/team_members", query={"status": "all"}, closed=_CLOSED),
        read=Call("GET", _ITEM, closed=_CLOSED),
        create=Call("POST", "/api/team_members", closed=_CLOSED),
        writes={
            "update": Call("PUT", _ITEM, closed=_CLOSED),
            "status": Call("PUT", f"{_ITEM}/status", repeats=("status",)),
        },
    ),
    identity=Identity(key="email_address", normalise=formats.email_address),
    lifecycle=Lifecycle(progress=""),  # its status_detail is another thing, of which nothing is known
    owned=True,
    grants="permissions",
    hints={
        **dict.fromkeys(("name", "full_name", "fullname", "display_name"), "write firstname and lastname"),
        **dict.fromkeys(("email", "email_address", "address", "login", "username"), "the key is the e-mail address"),
        **dict.fromkeys(("role", "roles", "rights", "permission", "scopes"), "write permissions: [KEY]"),
        **dict.fromkeys(("enabled", "disabled", "active", "suspended"), "write status: enabled or status: disabled"),
        **dict.fromkeys(
            ("otp", "language", "timezone", "allow_nets"), "the person sets it in the panel: qboxctl leaves it alone"
        ),
    },
    fields=(
        *names(_CREATE),
        password(_UPDATE),
        Field(
            "permissions",
            Keys(),
            "What the member may do: keys as `export` shows those of others, no reference lists them; [] for none",
            source=_UPDATE,
        ),
        Field(
            "status",
            Choice(("enabled", "disabled"), (("0", "enabled"), ("1", "disabled"))),
            "Whether the member may log in",
            mode=Mode.UPDATE_ONLY,
            call="status",
            initial="enabled",
            source="putApiTeamMembersTeamMemberCodeStatus",
        ),
    ),
)
