//! ARNs, IAM policy documents, wildcard patterns and their set algebra.
