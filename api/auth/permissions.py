"""Roles and what they may do: one table, shown by the API's documentation for each operation.

The store holds the same table as rows, and they decide (a test holds the two together); permissions can also be granted
to a single account. Here is what the documentation shows, and the names that both use.
"""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """What an operation can ask of its caller. Names are those of the users' documents."""

    READ = "read_data"
    REPORTS = "create_reports"
    WRITE = "manage_jobs"
    EXPORT = "export_data"
    MONITOR = "system_monitoring"
    USERS = "user_management"
    ADMIN = "admin"


ROLES: dict[str, tuple[Permission, ...]] = {
    "viewer": (Permission.READ,),
    "analyst": (Permission.READ, Permission.REPORTS, Permission.WRITE),
    "senior_analyst": (Permission.READ, Permission.REPORTS, Permission.WRITE, Permission.EXPORT),
    "operator": (Permission.READ, Permission.REPORTS, Permission.WRITE, Permission.EXPORT, Permission.MONITOR),
    "admin": tuple(Permission),
}
"""Each role includes the one before it. A role that is not here may do nothing."""


def permissions_of(role: str) -> tuple[Permission, ...]:
    """What a role may do; nothing for a role that nobody knows."""
    return ROLES.get(role, ())


def known(names: Iterable[str]) -> tuple[Permission, ...]:
    """The permissions among these names, in the table's order; a name that this release does not know gives nothing."""
    held = set(names)
    return tuple(permission for permission in Permission if permission.value in held)
