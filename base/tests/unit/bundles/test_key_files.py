from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from portal.bundles.key_files import read_keys
from tests.fixtures.authority import authority

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def faults_of(**contents: bytes) -> list[tuple[str, str]]:
    _, faults = read_keys({f"keys/{name}.pem": content for name, content in contents.items()})
    return [(fault.file, fault.what.en) for fault in faults]


def test_keys_are_found_by_their_path_below_the_folder() -> None:
    keys, faults = read_keys({"keys/a.pem": PUBLIC, "keys/ca/root.crl": b"x", "users.csv": b"id"})
    assert (keys, faults) == ({"a.pem": PUBLIC, "ca/root.crl": b"x"}, [])


def test_public_keys_and_certificates_pass() -> None:
    certificate = authority().files()["ca/root.pem"]
    assert faults_of(key=PUBLIC, certificate=certificate, chain=certificate + certificate) == []


def test_private_key_is_a_fault_wherever_it_stands_in_a_file() -> None:
    what = "the file holds a private key"
    assert faults_of(a=PRIVATE, b=PUBLIC + PRIVATE) == [("keys/a.pem", what), ("keys/b.pem", what)]


def test_what_is_neither_key_nor_certificate_is_a_fault() -> None:
    what = "the file is neither a public key nor a certificate"
    broken = PUBLIC.replace(b"MCow", b"MCox")
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert faults_of(a=b"", b=b"hello", c=broken, d=der) == [(f"keys/{name}.pem", what) for name in "abcd"]


def test_files_of_the_authorities_are_left_to_the_trust_store() -> None:
    assert faults_of(**{"ca/root": b"hello"}) == []
