"""Whether an agreement is what its parties signed: all of them, this text, this version (bundle.md; T21, T22)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.agreements.agreement import Agreement, Signature, SigningRole
from portal.agreements.reading import SIGN_ANEW, UnverifiedAgreement, read_agreement
from portal.agreements.signatures import check_signature
from portal.certificates.chains import department_of
from portal.certificates.trust import TrustStore
from portal.conditions.values import render_instant
from portal.errors import BadInput, Fault, Text
from portal.vocabulary import DepartmentCode, EntryCode

CLOCK_SKEW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What agreements are held against: whom the portal trusts, who is registered, who provides what, and the time.

    `signing_roles` are the profile's: whose signatures an agreement needs.
    """

    trust: TrustStore
    departments: Collection[DepartmentCode]
    providers: Mapping[EntryCode, DepartmentCode]
    signing_roles: Sequence[str]
    now: datetime


def verify_agreement(
    file_content: bytes, file: str, circumstances: Circumstances
) -> tuple[Agreement | None, list[Fault], list[Text]]:
    """Return the agreement if every signature holds, or None and every fault; and remarks.

    `file` is its path in the bundle, `agreements/ID.json`. One that has ended or is to begin is returned with a remark.
    What its items, purposes, modes, condition and scope mean is asked when its policy record is read.
    """
    unverified, faults = read_agreement(file_content, file)
    if unverified is None:
        return None, faults, []
    faults = [
        *_validate_parties(unverified.content, file, circumstances),
        *_validate_period(unverified.content, file),
        *_validate_roles(unverified.content, file, circumstances.signing_roles),
        *_validate_signatures(unverified, file, circumstances),
    ]
    if faults:
        return None, faults, []
    return unverified.content, [], _remarks(unverified.content, circumstances.now)


def _validate_parties(agreement: Agreement, file: str, circumstances: Circumstances) -> list[Fault]:
    faults = [
        Fault(
            file,
            None,
            f"parties.{role}",
            Text(en=f"the department `{code}` isn't registered", zh=f"部门 `{code}` 未登记"),
            Text(
                en="register it in departments.csv, or correct the code", zh="请在 departments.csv 中登记，或更正代码"
            ),
        )
        for role, code in agreement.parties.items()
        if code not in circumstances.departments
    ]
    if len(set(agreement.parties.values())) < len(agreement.parties):
        what = Text(en="two parties are one department", zh="有两方是同一部门")
        faults.append(Fault(file, None, "parties", what, SIGN_ANEW))
    provider = circumstances.providers.get(agreement.resource)
    if provider is None:
        what = Text(en=f"unknown entry `{agreement.resource}`", zh=f"未知目录条目 `{agreement.resource}`")
        faults.append(Fault(file, None, "terms.resource", what, SIGN_ANEW))
    elif provider != agreement.parties[SigningRole.PROVIDER]:
        what = Text(
            en=f"the provider of `{agreement.resource}` is `{provider}`",
            zh=f"`{agreement.resource}` 的提供方为 `{provider}`",
        )
        faults.append(Fault(file, None, "parties.provider", what, SIGN_ANEW))
    return faults


def _validate_period(agreement: Agreement, file: str) -> list[Fault]:
    if agreement.valid_from < agreement.valid_until:
        return []
    what = Text(en="the period ends before it begins", zh="有效期的结束不晚于开始")
    return [Fault(file, None, "terms.valid_until", what, SIGN_ANEW)]


def _validate_roles(agreement: Agreement, file: str, signing_roles: Sequence[str]) -> list[Fault]:
    signed = [signature.role.value for signature in agreement.signatures]
    faults = [
        Fault(
            file,
            None,
            "signatures",
            Text(en=f"the signature of `{role}` is missing", zh=f"缺少 `{role}` 的签名"),
            Text(en=f"have the `{role}` sign this version", zh=f"请由 `{role}` 对本版本签名"),
        )
        for role in signing_roles
        if role not in signed
    ]
    for index, role in enumerate(signed):
        if role not in signing_roles:
            what = Text(en=f"the profile asks for no signature of `{role}`", zh=f"该规范不要求 `{role}` 签名")
        elif role in signed[:index]:
            what = Text(en=f"there is a second signature of `{role}`", zh=f"`{role}` 的签名重复")
        else:
            continue
        faults.append(Fault(file, None, f"signatures[{index}].role", what, Text(en="leave it out", zh="请删除")))
    return faults


def _validate_signatures(unverified: UnverifiedAgreement, file: str, circumstances: Circumstances) -> list[Fault]:
    faults = []
    for index, signature in enumerate(unverified.content.signatures):
        try:
            check_party(unverified, signature, circumstances)
        except BadInput as refused:
            role = signature.role.value
            what = Text(en=f"the signature of `{role}`: {refused.text.en}", zh=f"`{role}` 的签名：{refused.text.zh}")
            mend = Text(
                en=f"have the `{role}` sign this version with a valid certificate of its own",
                zh=f"请由 `{role}` 用其自身的有效证书对本版本签名",
            )
            faults.append(Fault(file, None, f"signatures[{index}]", what, mend))
    return faults


def check_party(unverified: UnverifiedAgreement, signature: Signature, circumstances: Circumstances) -> None:
    """Raise BadInput unless the party of the signature's role made it over this text, by a certificate in standing."""
    if signature.signed_at > circumstances.now + CLOCK_SKEW:
        raise BadInput(Text(en="`signed_at` is in the future", zh="`signed_at` 是将来的时间"))
    certificate = check_signature(signature, unverified.signed_octets, circumstances.trust)
    signer, party = department_of(certificate), unverified.content.parties[signature.role]
    if signer != party:
        raise BadInput(Text(en=f"`{signer}` has signed, not `{party}`", zh=f"签名者是 `{signer}`，而非 `{party}`"))


def _remarks(agreement: Agreement, now: datetime) -> list[Text]:
    if now < agreement.valid_from:
        begins = render_instant(agreement.valid_from)
        return [Text(en=f"agreement {agreement.id} begins at {begins}", zh=f"协议 {agreement.id} 自 {begins} 起生效")]
    if now >= agreement.valid_until:
        ended = render_instant(agreement.valid_until)
        return [Text(en=f"agreement {agreement.id} ended at {ended}", zh=f"协议 {agreement.id} 已于 {ended} 到期")]
    return []
