//! Who acts: users and roles, as records tell them.

/// Who attempted something: an IAM user or role, known by its unique id or, without one, by its ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The unique id: `AIDA...` or `AROA...`.
    pub unique_id: Option<&'a str>,
    /// The ARN of the user or role (not of a session).
    pub arn: Option<&'a str>,
    /// The account that the user or role belongs to.
    pub account: Option<&'a str>,
}

impl<'a> Principal<'a> {
    /// The user or role with this ARN, when its unique id is not known.
    #[must_use]
    pub fn from_arn(arn: &'a str) -> Self {
        Self {
            arn: Some(arn),
            ..Self::default()
        }
    }
}
