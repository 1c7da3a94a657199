"""Which duty each field of the office belongs to: a field is in the schema of those whose roles have the duty."""

from collections.abc import Mapping

from portal.policies.duties import Actor, Duties, Operation

_DRAFTING = frozenset({Operation.DRAFT_POLICIES, Operation.DRAFT_REGISTER})

FIELD_OPERATIONS: Mapping[str, frozenset[Operation]] = {
    "duties": frozenset(Operation),
    "auditRecords": frozenset({Operation.READ_AUDIT}),
    "auditRecord": frozenset({Operation.READ_AUDIT}),
    "auditEvidence": frozenset({Operation.READ_AUDIT}),
    "auditCheckpoints": frozenset({Operation.READ_AUDIT}),
    "auditLinks": frozenset({Operation.READ_AUDIT}),
    "auditStatistics": frozenset({Operation.READ_AUDIT}),
    "changeSets": frozenset({Operation.VIEW_CHANGES}),
    "changeSet": frozenset({Operation.VIEW_CHANGES}),
    "freezes": frozenset({Operation.VIEW_CHANGES}),
    "whoCanSee": frozenset({Operation.ASK_POLICY}),
    "whatCanSee": frozenset({Operation.ASK_POLICY}),
    "whyRefused": frozenset({Operation.ASK_POLICY}),
    "policies": frozenset({Operation.VIEW_CHANGES}),
    "policy": frozenset({Operation.VIEW_CHANGES}),
    "agreement": frozenset({Operation.VIEW_CHANGES}),
    "trial": frozenset({Operation.ASK_POLICY}),
    "foreseenChange": _DRAFTING,
    "draftChange": _DRAFTING,
    "editChange": _DRAFTING,
    "checkChange": _DRAFTING,
    "submitChange": _DRAFTING,
    "rollBackChange": _DRAFTING,
    "withdrawChange": frozenset({Operation.WITHDRAW_CHANGE}),
    "approveChange": frozenset({Operation.APPROVE_CHANGE}),
    "rejectChange": frozenset({Operation.REJECT_CHANGE}),
    "freeze": frozenset({Operation.FREEZE}),
    "sessions": frozenset({Operation.VIEW_SESSIONS}),
    "endSession": frozenset({Operation.END_SESSION}),
    "endSessions": frozenset({Operation.END_SESSION}),
    "enrolSecondFactor": frozenset(Operation),
    "confirmSecondFactor": frozenset(Operation),
    "resetSecondFactor": frozenset({Operation.RESET_FACTOR}),
    "register": frozenset({Operation.VIEW_REGISTER}),
    "tickets": frozenset({Operation.VIEW_TICKETS}),
    "ticketFile": frozenset({Operation.VIEW_TICKETS}),
    "answerTicket": frozenset({Operation.ANSWER_FAULT, Operation.ANSWER_WISH}),
}
"""By the field's name in the schema, in `Query` or `Mutation`: the operations of which one must be the person's duty.

INVARIANT: a field of the office that isn't here is in nobody's schema.
"""


def office_fields(duties: Duties, actor: Actor) -> frozenset[str]:
    """Return the fields of the office that the actor's schema holds; what each does is checked where it is done."""
    own = frozenset(operation for operation in Operation if duties.is_in_office(actor, operation))
    return frozenset(name for name, operations in FIELD_OPERATIONS.items() if operations & own)
