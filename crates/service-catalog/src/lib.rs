//! AWS services, their actions and resource types, and which action a CloudTrail event is.
