"""Qboxmail accounts as code: plan and apply domains, mailboxes, aliases and Delivery from YAML files.

From Python::

    import qboxctl

    configuration = qboxctl.load("mail")
    plan = qboxctl.plan(configuration)
    print(qboxctl.render(plan, "markdown"))
    done = qboxctl.apply(plan, configuration, approve=lambda plan: not plan.summary["delete"])

The names in ``__all__`` are public, and are loaded when they are first used. All modules are private.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qboxctl.applying.apply import Applied
    from qboxctl.config.configuration import Configuration
    from qboxctl.errors import ConfigError, QboxctlError
    from qboxctl.model import Change, Outcome, Plan
    from qboxctl.public import apply, load, plan, render

__version__ = "0.1.0"
__all__ = [
    "Applied",
    "Change",
    "ConfigError",
    "Configuration",
    "Outcome",
    "Plan",
    "QboxctlError",
    "__version__",
    "apply",
    "load",
    "plan",
    "render",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("qboxctl.public"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, in which ``render`` is the function, and never the room that bears the same name.

    An import sets a submodule as an attribute of its package, and would so put the room in the function's place.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
