import hashlib

from portal.audit.chain import NO_CHECKPOINT_HASH, Head, Writer, append, portal_name
from portal.audit.checkpoints import NO_CHECKPOINT, Checkpoint, Statement, digest_of, heads_of, sign_checkpoint
from tests.unit.audit.logs import KEY, MOMENT, OTHER_KEY

WRITER = Writer(3, "ab" * 32, "2026-01-31T08:00:00.000000Z", 12, bytes(range(32)))


def test_portal_is_named_by_its_audit_key() -> None:
    key = KEY.public_key()
    assert portal_name(key) == hashlib.sha256(key.public_bytes_raw()).hexdigest()
    assert portal_name(key) != portal_name(OTHER_KEY.public_key())


def test_chain_begins_with_writer_portal_and_last_checkpoint() -> None:
    text = f"portal-audit-1:{'ab' * 32}:3:2026-01-31T08:00:00.000000Z:12:{bytes(range(32)).hex()}"
    assert WRITER.genesis == Head(3, 0, hashlib.sha256(text.encode()).digest())


def test_record_is_appended_with_its_place_in_front_and_a_hash_over_the_one_before() -> None:
    head, text = append(Head(3, 41, b"x" * 32), b'{"time":"now"}')
    assert text == b'{"writer":3,"sequence":42,"time":"now"}'
    assert head == Head(3, 42, hashlib.sha256(b"x" * 32 + hashlib.sha256(text).digest()).digest())


def test_checkpoint_names_the_one_before_the_moved_heads_and_a_digest_of_all() -> None:
    moved = Head(2, 5, b"b" * 32)
    first = sign_checkpoint(KEY, NO_CHECKPOINT, Statement(MOMENT, [], "", 7))
    second = sign_checkpoint(KEY, first, Statement(MOMENT, [moved], "abc", 7))
    assert second.body == (
        f'{{"number":2,"time":"2026-01-31T08:00:00.000000Z","previous":"{first.hash.hex()}",'
        f'"heads":[[2,5,"{"62" * 32}"]],"digest":"abc","epoch":7}}'
    )
    KEY.public_key().verify(second.signature, second.body.encode())
    assert (heads_of(second), digest_of(second)) == ([moved], "abc")


def test_checkpoint_hash_covers_body_and_signature() -> None:
    assert NO_CHECKPOINT.hash == NO_CHECKPOINT_HASH == bytes(32)
    assert Checkpoint(1, "body", b"signature").hash == hashlib.sha256(b"bodysignature").digest()
