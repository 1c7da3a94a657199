"""keys/: public keys and certificates, never a private key. What is in keys/ca/ is the trust store's to read."""

from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificates

from portal.errors import Fault, Text

_FOLDER = "keys/"
_PRIVATE = b"PRIVATE KEY-----"


def read_keys(contents: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[Fault]]:
    """Return the files below keys/ by their path there, and the faults of those directly in it.

    `contents` are a bundle's files by path.
    """
    keys = {file.removeprefix(_FOLDER): content for file, content in contents.items() if file.startswith(_FOLDER)}
    faults = [
        Fault(_FOLDER + path, None, "", *fault)
        for path, content in keys.items()
        if "/" not in path and (fault := _fault(content)) is not None
    ]
    return keys, faults


def _fault(content: bytes) -> tuple[Text, Text] | None:
    if _PRIVATE in content:
        return (
            Text(en="the file holds a private key", zh="文件含有私钥"),
            Text(
                en="take it out, consider it known to others, and make a new one",
                zh="请移出该文件，视其为已泄露，并重新生成",
            ),
        )
    if not _is_public_key(content) and not _is_certificate(content):
        return (
            Text(en="the file is neither a public key nor a certificate", zh="文件既不是公钥也不是证书"),
            Text(en="write it as PEM", zh="请以 PEM 格式写入"),
        )
    return None


def _is_public_key(content: bytes) -> bool:
    try:
        load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_certificate(content: bytes) -> bool:
    try:
        certificates = load_pem_x509_certificates(content)
        for certificate in certificates:
            certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
