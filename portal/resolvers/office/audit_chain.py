"""What auditors walk along the log with: checkpoints, and the links between the heads that they name."""

from base64 import b64encode

import strawberry

from portal.audit.checkpoints import Checkpoint
from portal.audit.packing import pack_evidence
from portal.audit.walking import MAX_CHECKPOINTS, ChainPiece
from portal.resolvers.arguments import with_arguments_of
from portal.resolvers.office.audit import SearchQuestion, bounded, desk_of
from portal.resolvers.root import Info
from portal.schema.audit_types import AuditCheckpointsType, AuditCheckpointType, AuditEvidenceType, ChainPieceInput


async def _evidence(info: Info, asked: SearchQuestion) -> AuditEvidenceType:
    """Return records as evidence."""
    async with desk_of(info.context) as (desk, reader):
        packed = await pack_evidence(desk, reader, asked.search())
    content = b64encode(packed.content).decode()
    return AuditEvidenceType(
        name=packed.name, records=packed.exported.records, uncovered=packed.exported.uncovered, content=content
    )


@strawberry.type(description="审计链")
class ChainFields:
    """What who may read every record verifies the log with."""

    audit_evidence: AuditEvidenceType = strawberry.field(
        description="符合条件的记录作为证据导出，附链与检查点，一次至多 2000 条；更多的用 `portal audit export`",
        resolver=with_arguments_of(SearchQuestion)(_evidence),
    )

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="编号在 after 之后的检查点，按编号排列；不给 after 时为最新的若干个。供在页面中核验签名与次序"
    )
    async def audit_checkpoints(self, info: Info, after: int | None = None, first: int = 100) -> AuditCheckpointsType:
        """Return checkpoints in their order."""
        async with desk_of(info.context) as (desk, reader):
            page = await desk.checkpoints(reader, after, bounded("first", first, MAX_CHECKPOINTS))
        return AuditCheckpointsType(nodes=[_value(one) for one in page.checkpoints], newest=page.newest)

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="各段链的环节：每条记录原文的 SHA-256（十六进制；旧记录为原文本身）。供在页面中核验链"
    )
    async def audit_links(self, info: Info, pieces: list[ChainPieceInput]) -> list[list[str]]:
        """Return the links of each piece."""
        async with desk_of(info.context) as (desk, reader):
            return await desk.links(reader, [ChainPiece(one.writer, one.after, one.until) for one in pieces])


def _value(checkpoint: Checkpoint) -> AuditCheckpointType:
    return AuditCheckpointType(
        number=checkpoint.number,
        hash=checkpoint.hash.hex(),
        body=checkpoint.body,
        signature=checkpoint.signature.hex(),
    )
