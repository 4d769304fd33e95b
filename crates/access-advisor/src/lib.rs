//! Which services and actions could each IAM identity reach, and when was each last used: offline, from exported accounts and CloudTrail logs.
