"""IAM's credential report of the account, generated on 2026-10-23."""

from .ids import ACCOUNT

COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated,additional_credentials_info"
)
NO_KEY = ("false", "N/A", "N/A", "N/A", "N/A")
NO_PASSWORD = ("false", "N/A", "N/A", "N/A")


def time(text):
    return text + "+00:00"


def password(last_used, changed):
    return ("true", last_used and time(last_used) or "no_information", time(changed), "N/A")


def key(active, made, last_used=None, region="N/A", service="N/A"):
    return ("true" if active else "false", time(made), last_used and time(last_used) or "N/A", region, service)


def row(path, created, password=NO_PASSWORD, key_1=NO_KEY, key_2=NO_KEY, mfa="false"):
    name = path.rsplit("/", 1)[-1]
    return (name, f"arn:aws:iam::{ACCOUNT}:user/{path}", time(created), *password, mfa, *key_1, *key_2, "false", "N/A", "false", "N/A", "N/A")


def rows():
    root = ("<root_account>", f"arn:aws:iam::{ACCOUNT}:root", time("2019-11-01T10:00:00"), "not_supported", time("2026-09-29T08:00:00"),
            "not_supported", "not_supported", "true", *NO_KEY, *NO_KEY, "false", "N/A", "false", "N/A", "N/A")
    return [
        root,
        # The trail has all of it.
        row("ada", "2019-11-04T08:12:30", password("2026-09-12T08:25:00", "2026-06-01T08:00:00"),
            key(True, "2020-04-01T08:00:00", "2026-10-20T12:00:00", "ca-west-1", "ecs"), mfa="true"),
        # A second key that was never used, and that is not active.
        row("engineering/bruno", "2021-02-15T09:30:00", NO_PASSWORD,
            key(True, "2021-02-15T09:31:00", "2026-10-09T15:00:00", "eu-west-1", "lambda"), key(False, "2022-01-10T10:00:00")),
        # A password that was never used.
        row("engineering/chiara", "2022-06-01T07:45:12", password(None, "2022-06-01T07:46:00"),
            key(True, "2022-06-01T07:47:00", "2026-10-05T08:20:00", "us-east-1", "tag")),
        # Made again in March 2026, with another key.
        row("engineering/deniz", "2026-03-02T08:00:41", NO_PASSWORD,
            key(True, "2026-03-02T08:01:00", "2026-10-06T13:00:00", "eu-west-1", "lambda")),
        # A sign-in that the trail does not have.
        row("erin", "2023-01-09T10:00:00", password("2026-10-21T09:00:00", "2026-07-01T09:00:00"),
            key(True, "2023-01-09T10:01:00", "2026-10-02T09:15:00", "us-east-1", "iam")),
        # A second key that the trail does not have.
        row("automation/ci-deployer", "2022-10-20T16:21:05", NO_PASSWORD,
            key(True, "2025-10-20T16:22:00", "2026-10-11T17:58:00", "eu-west-1", "sqs"),
            key(True, "2022-10-20T16:22:00", "2026-06-18T04:00:00", "eu-west-1", "cloudformation")),
        # Last used in December 2025, as the trail has it.
        row("legacy/legacy-backup", "2014-05-07T12:00:00", NO_PASSWORD,
            key(True, "2014-05-07T12:01:00", "2025-12-24T18:00:00", "N/A", "s3")),
        # Younger than 90 days.
        row("flora", "2026-09-28T06:55:00", password(None, "2026-09-28T06:56:00"),
            key(True, "2026-09-28T06:57:00", "2026-10-01T07:00:00", "N/A", "s3")),
    ]


def credential_report():
    return "".join(",".join(row) + "\n" for row in [COLUMNS.split(","), *rows()])
