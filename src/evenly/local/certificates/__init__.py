"""The certificates of one environment: an authority of its own, and what it vouches for.

The authority is bound by critical name constraints to this machine's names, so that a person who trusts it in
a browser risks nothing for any other site. May touch the folder it is given, and nothing else.
"""

from evenly.local.certificates.authority import (
    Authority,
    Change,
    InstanceFiles,
    issue_instance,
    open_authority,
    remove_instance,
)
from evenly.local.certificates.names import CertificateFiles, CertificateNames, instance_name

__all__ = [
    "Authority",
    "CertificateFiles",
    "CertificateNames",
    "Change",
    "InstanceFiles",
    "instance_name",
    "issue_instance",
    "open_authority",
    "remove_instance",
]
