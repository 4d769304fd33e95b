"""Account ids, unique ids, access keys and ARNs: hashes of labels, so that they are the same each time."""

import base64
import hashlib

ACCOUNT = "111122223333"  # Larkfield, the company
PARTNER = "444455556666"  # its partner's account: has the data lake, and an auditor who assumes a role here


def unique_id(prefix, label):
    """An IAM unique id: a prefix of 4 letters for its kind, and 17 characters of A-Z and 2-7."""
    return prefix + base64.b32encode(hashlib.sha256(label.encode()).digest()).decode()[:17]


def access_key(prefix, label):
    """An access key id of 20 characters. It ends in EXAMPLE, so that secret scanners ignore it."""
    return prefix + base64.b32encode(hashlib.sha256(b"key " + label.encode()).digest()).decode()[:9] + "EXAMPLE"


def uuid(label):
    h = hashlib.sha256(label.encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def iam_arn(kind, name, path="/", account=ACCOUNT):
    return f"arn:aws:iam::{account}:{kind}{path}{name}"


def aws_arn(name, path="/"):
    return f"arn:aws:iam::aws:policy{path}{name}"
