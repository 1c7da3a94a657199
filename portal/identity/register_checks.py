"""Whether a register holds together: what each of its members refers to is there, and nothing runs in a circle."""

from collections.abc import Collection, Iterator

from portal.catalog.members import closest, shorten
from portal.errors import Fault, Text
from portal.identity.registered import key_of, kind_of
from portal.identity.registry import Application, Department, Registered, Registry
from portal.identity.successions import circular_parents, circular_successions


def registered_place(registered: Registered) -> str:
    """Return where a fault stands: `department/CODE`, `application/ID` and their likes."""
    return f"{kind_of(registered)}/{key_of(registered)}"


def validate_register(registry: Registry, keys: Collection[str]) -> list[Fault]:
    """Return a fault for each reference to what isn't there, and for each circle; `keys` are paths below keys/.

    What each member says by itself was checked when it was read.
    """
    faults = [
        *(fault for department in registry.departments.values() for fault in _of_department(department, registry)),
        *(fault for owned in registry.applications.values() for fault in _of_application(owned, registry, keys)),
        *(
            fault
            for user in registry.users.values()
            for fault in _unknown(user, "department", user.department, registry.departments)
        ),
        *_circles(registry),
    ]
    return sorted(faults, key=lambda fault: (fault.file, fault.column, fault.what.en))


def _of_department(department: Department, registry: Registry) -> Iterator[Fault]:
    for group in department.groups:
        yield from _unknown(department, "groups", group, registry.groups)
    if department.parent is not None:
        yield from _unknown(department, "parent", department.parent, registry.departments)
    for place, successor in enumerate(department.successors):
        yield from _unknown(department, f"successors[{place}].code", successor.code, registry.departments)


def _of_application(application: Application, registry: Registry, keys: Collection[str]) -> Iterator[Fault]:
    yield from _unknown(application, "department", application.department, registry.departments)
    if application.public_key is not None:
        yield from _unknown(application, "public_key", application.public_key, keys)


def _unknown(registered: Registered, member: str, name: str, known: Collection[str]) -> Iterator[Fault]:
    """Yield the fault where something is named that isn't there."""
    if name in known:
        return
    near = closest(name, known)
    yield Fault(
        registered_place(registered),
        None,
        member,
        Text(en=f"`{shorten(name)}` isn't registered", zh=f"`{shorten(name)}` 未登记"),
        Text(en=f"write `{near}`, or register it", zh=f"请改为 `{near}`，或先登记")
        if near
        else Text(en="register it, or name one that is", zh="请先登记，或改为已登记的"),
    )


def _circles(registry: Registry) -> Iterator[Fault]:
    for code in circular_parents(registry):
        yield Fault(
            registered_place(registry.departments[code]),
            None,
            "parent",
            Text(en="the department is above itself by way of others", zh="部门经由其他部门成为自身的上级"),
            Text(en="let one of them have another one above it, or none", zh="请为其中一个部门改填或删除上级部门"),
        )
    for code in circular_successions(registry):
        yield Fault(
            registered_place(registry.departments[code]),
            None,
            "successors",
            Text(en="the department follows itself by way of others", zh="部门经由其他部门成为自身的后继"),
            Text(en="let one of them be followed by another one", zh="请为其中一个部门改填后继部门"),
        )
