"""TLS as Mozilla's intermediate profile says, version 6.0 of 2026: what any client of ours may agree on. Pure.

https://ssl-config.mozilla.org/guidelines/6.0.json. BoringSSL fixes the suites of TLS 1.3 (the profile's three), and
renegotiates with nobody.
"""

from evenly.local.balancer.terms import Config

# Those with RSA are for a certificate that the user brings.
CIPHER_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
CURVES = ("X25519MLKEM768", "X25519", "P-256", "P-384")


def intermediate() -> Config:
    """`tls_params` for clients: TLS 1.2 and 1.3. The order of suites of equal worth is the client's to choose."""
    group = "|".join(CIPHER_SUITES)
    return {
        "tls_minimum_protocol_version": "TLSv1_2",
        "tls_maximum_protocol_version": "TLSv1_3",
        "cipher_suites": [f"[{group}]"],
        "ecdh_curves": list(CURVES),
    }
