//! The IAM Query API over HTTP, for boto3, the AWS CLI and every other AWS SDK.

#[doc(inline)]
pub use iam_api::{
    Clock, Config, Credential, CredentialFault, Credentials, CredentialsError, Limits, ServeError,
    Server, serve,
};
