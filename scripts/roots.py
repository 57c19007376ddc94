"""Renews the authorities that RDS's certificates are proved by: src/evenly/aws/assets/rotation/roots.pem.

    .venv/bin/python scripts/roots.py                 # asks AWS, by HTTPS
    .venv/bin/python scripts/roots.py --from FILE     # a bundle that is here already

Kept are the present roots of every region: self-signed authorities of generation G1, whose signature holds. They end in
2061 or later, so this is for regions that are new. Look at the difference before you commit it: who is in there is
believed.
"""

import argparse
import re
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
TARGET = Path(__file__).resolve().parents[1] / "src/evenly/aws/assets/rotation/roots.pem"
NAME = re.compile(r"Amazon RDS [a-z]{2}(-[a-z]+)+-[0-9] Root CA (RSA2048|RSA4096|ECC384) G1")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="file", type=Path, help="a bundle in place of AWS's")
    file: Path | None = parser.parse_args().file
    text = roots(x509.load_pem_x509_certificates(file.read_bytes() if file else _downloaded()))
    TARGET.write_text(text, "ascii")
    print(f"{TARGET.name}: {text.count('BEGIN')} authorities")
    return 0


def roots(found: Iterable[x509.Certificate]) -> str:
    """The bundle, each authority below its name. Raises what cryptography raises for one that did not sign itself."""
    named = {name(it): it for it in found if NAME.fullmatch(name(it))}
    for it in named.values():
        it.verify_directly_issued_by(it)
    return "".join(
        f"# {title}\n{named[title].public_bytes(Encoding.PEM).decode('ascii')}" for title in sorted(named)
    )


def name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _downloaded() -> bytes:
    with urllib.request.urlopen(BUNDLE, timeout=60) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main())
