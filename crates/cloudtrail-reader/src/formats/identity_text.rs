//! Reads `userIdentity` from the text of one column: JSON, or a row as Athena and CloudTrail Lake print it,
//! `{type=AssumedRole, principalid=AROA...:session, sessioncontext={sessionissuer={...}}}`.
//!
//! Rows are printed without quotes, so that a value with a comma and a blank, or with braces, can look like something else.
//! IAM allows no blank in names of users, roles and sessions (`[\w+=,.@-]`) and in paths; names of other identities can have
//! anything. A text that can be read in two ways is rejected: one without a name and `=` after `, `, an unknown name after a
//! value that counts, a repeated name, unbalanced braces.

use std::borrow::Cow;

use serde_json::Value;

use crate::formats::cells::{Cells, Column};
use crate::outcome::malformed::{IdentityColumn, IdentityTextFault, Malformed};

/// The level of `userIdentity` on which a value stands.
#[derive(Clone, Copy)]
enum Level {
    Identity,
    Context,
    Issuer,
    /// Below something that does not count.
    Other,
}

/// The meaning of a name.
enum Member {
    Value(Column),
    Struct(Level),
    /// A known name that does not count.
    Other,
    /// An unknown name: AWS adds to the schema.
    Unknown,
}

impl Level {
    fn member(self, name: &str) -> Member {
        let name = name.to_ascii_lowercase();
        let value = match (self, name.as_str()) {
            (Self::Identity, "sessioncontext") => return Member::Struct(Self::Context),
            (Self::Context, "sessionissuer") => return Member::Struct(Self::Issuer),
            (Self::Identity, "type") => Column::Type,
            (Self::Identity, "principalid") => Column::PrincipalId,
            (Self::Identity, "arn") => Column::Arn,
            (Self::Identity, "accountid") => Column::AccountId,
            (Self::Identity, "accesskeyid") => Column::AccessKeyId,
            (Self::Identity, "username") => Column::UserName,
            (Self::Identity, "invokedby") => Column::InvokedBy,
            (Self::Issuer, "type") => Column::IssuerType,
            (Self::Issuer, "principalid") => Column::IssuerPrincipalId,
            (Self::Issuer, "arn") => Column::IssuerArn,
            (Self::Issuer, "accountid") => Column::IssuerAccountId,
            (Self::Issuer, "username") => Column::IssuerUserName,
            (Self::Other, _)
            | (Self::Identity, "credentialid" | "identityprovider" | "inscopeof" | "onbehalfof")
            | (
                Self::Context,
                "attributes"
                | "ec2issuedinvpc"
                | "ec2roledelivery"
                | "sourceidentity"
                | "webidfederationdata",
            ) => return Member::Other,
            _ => return Member::Unknown,
        };
        Member::Value(value)
    }
}

/// Reads the text of `userIdentity`, or of its `sessionContext` or `sessionIssuer`, into the cells.
pub(crate) fn read<'a>(
    text: Cow<'a, str>,
    whole: IdentityColumn,
    cells: &mut Cells<'a>,
) -> Result<(), Malformed> {
    let level = match whole {
        IdentityColumn::UserIdentity => Level::Identity,
        IdentityColumn::SessionContext => Level::Context,
        IdentityColumn::SessionIssuer => Level::Issuer,
    };
    let read = match text {
        Cow::Borrowed(text) if is_row(text) => read_row(text, level, &mut |field, value| {
            cells.set(field, Cow::Borrowed(value))
        }),
        Cow::Owned(text) if is_row(&text) => read_row(&text, level, &mut |field, value| {
            cells.set(field, Cow::Owned(value.to_owned()))
        }),
        text => read_json(&text, level, cells),
    };
    read.map_err(|fault| Malformed::IdentityText {
        column: whole,
        fault,
    })
}

/// Whether it is a row, with names without quotes, and not JSON.
fn is_row(text: &str) -> bool {
    let inside = text.strip_prefix('{').map(str::trim_ascii_start);
    inside.is_some_and(|inside| !inside.starts_with(['"', '}']))
}

fn read_json(text: &str, level: Level, cells: &mut Cells<'_>) -> Result<(), IdentityTextFault> {
    let value: Value = serde_json::from_str(text).map_err(|_| IdentityTextFault::Neither)?;
    take_json(value, level, cells)
}

fn take_json(value: Value, level: Level, cells: &mut Cells<'_>) -> Result<(), IdentityTextFault> {
    let members = match value {
        Value::Null => return Ok(()),
        Value::Object(members) => members,
        _ => return Err(IdentityTextFault::NotAnObject),
    };
    for (name, value) in members {
        match (level.member(&name), value) {
            (Member::Other | Member::Unknown, _) | (Member::Value(_), Value::Null) => {}
            (Member::Value(Column::AccessKeyId), value) if !value.is_string() => {}
            (Member::Struct(below), value) => take_json(value, below, cells)?,
            (Member::Value(field), Value::String(text)) => {
                if !cells.set(field, text) {
                    return Err(IdentityTextFault::RepeatedName);
                }
            }
            (Member::Value(_), _) => return Err(IdentityTextFault::NotAText),
        }
    }
    Ok(())
}

/// Deeper than AWS's schema goes.
const DEEPEST: usize = 8;

type Set<'s, 't> = &'s mut dyn FnMut(Column, &'t str) -> bool;

fn read_row<'t>(text: &'t str, level: Level, set: Set<'_, 't>) -> Result<(), IdentityTextFault> {
    let inside = text.strip_prefix('{').ok_or(IdentityTextFault::Neither)?;
    match read_members(inside, level, 1, set)? {
        "" => Ok(()),
        _ => Err(IdentityTextFault::Trailing),
    }
}

/// Reads `name=value, name=value}` and returns what follows.
fn read_members<'t>(
    mut rest: &'t str,
    level: Level,
    depth: usize,
    set: Set<'_, 't>,
) -> Result<&'t str, IdentityTextFault> {
    if depth > DEEPEST {
        return Err(IdentityTextFault::TooDeep);
    }
    if let Some(after) = rest.strip_prefix('}') {
        return Ok(after);
    }
    let mut names = Vec::new();
    let mut after_value = false;
    loop {
        let (name, value) = rest
            .split_once('=')
            .filter(|(name, _)| is_name(name))
            .ok_or(IdentityTextFault::Ambiguous)?;
        if names.contains(&name) {
            return Err(IdentityTextFault::RepeatedName);
        }
        names.push(name);
        let member = level.member(name);
        if after_value && matches!(member, Member::Unknown) {
            return Err(IdentityTextFault::Ambiguous);
        }
        // Nobody can choose an access key: there is no comma in it.
        after_value = matches!(member, Member::Value(column) if column != Column::AccessKeyId);
        rest = match (member, value.strip_prefix('{')) {
            (Member::Value(_), Some(_)) => {
                return Err(IdentityTextFault::NotAText);
            }
            (Member::Value(field), None) => {
                let (value, after) = split_value(value)?;
                if !set(field, value) {
                    return Err(IdentityTextFault::RepeatedName);
                }
                after
            }
            (Member::Struct(below), Some(inside)) => read_members(inside, below, depth + 1, set)?,
            (Member::Other | Member::Unknown, Some(inside)) => {
                read_members(inside, Level::Other, depth + 1, set)?
            }
            (Member::Struct(_), None) => match split_value(value)? {
                ("" | "null", after) => after,
                _ => return Err(IdentityTextFault::NotARow),
            },
            (Member::Other | Member::Unknown, None) => split_value(value)?.1,
        };
        rest = match rest.strip_prefix(", ") {
            Some(next) => next,
            None => return rest.strip_prefix('}').ok_or(IdentityTextFault::EndsEarly),
        };
    }
}

/// Whether this can be a name of the schema, or a key of web identity attributes such as `accounts.google.com:sub`.
fn is_name(name: &str) -> bool {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/@-".contains(&byte);
    !name.is_empty() && name.bytes().all(is_sound)
}

/// Splits a value from what follows: a comma and a blank, or closing braces at the end or before a comma and a blank. Other
/// braces belong to the value: paths can have them.
fn split_value(text: &str) -> Result<(&str, &str), IdentityTextFault> {
    let mut searched = 0;
    while let Some(found) = text.get(searched..).and_then(|rest| rest.find([',', '}'])) {
        let at = searched + found;
        let (value, rest) = text.split_at(at);
        let after = rest.trim_start_matches('}');
        let is_end = if after.len() == rest.len() {
            rest.starts_with(", ")
        } else {
            after.is_empty() || after.starts_with(", ")
        };
        if is_end {
            return Ok((value, rest));
        }
        searched = at + (rest.len() - after.len()).max(1);
    }
    Err(IdentityTextFault::EndsEarly)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(text: &str) -> Result<Cells<'_>, String> {
        let mut cells = Cells::default();
        read(text.into(), IdentityColumn::UserIdentity, &mut cells)
            .map(|()| cells)
            .map_err(|malformed| malformed.to_string())
    }

    fn shown(text: &str) -> String {
        match identity(text) {
            Ok(cells) => format!("{:?}", cells.values()),
            Err(reason) => reason,
        }
    }

    #[test]
    fn rows_as_athena_and_lake_print_them() {
        // Athena, engine version 3.
        assert_values(
            "{type=AssumedRole, principalid=AROAEXAMPLE0000000001:build@ci=1,2, \
             arn=arn:aws:sts::111122223333:assumed-role/ci/build@ci=1,2, accountid=111122223333, invokedby=null, \
             accesskeyid=ASIAEXAMPLE, username=null, sessioncontext={attributes={mfaauthenticated=false, \
             creationdate=2025-09-30T19:15:32Z}, sessionissuer={type=Role, principalid=AROAEXAMPLE0000000001, \
             arn=arn:aws:iam::111122223333:role/a=b,c/{d}/}e}}/ci, accountid=111122223333, username=ci}}}",
            &[
                "AssumedRole",
                "AROAEXAMPLE0000000001:build@ci=1,2",
                "arn:aws:sts::111122223333:assumed-role/ci/build@ci=1,2",
                "111122223333",
                "ASIAEXAMPLE",
                "Role",
                "AROAEXAMPLE0000000001",
                "arn:aws:iam::111122223333:role/a=b,c/{d}/}e}}/ci",
                "111122223333",
                "ci",
            ],
        );
        // CloudTrail Lake.
        assert_values(
            "{type=AssumedRole, principalid=AROAX:s, arn=arn:aws:sts::1:assumed-role/r/s, accountid=1, accesskeyid=A, \
             username=null, sessioncontext={attributes={creationdate=2023-06-07 23:59:12.000, mfaauthenticated=true}, \
             sessionissuer={type=Role, principalid=AROAX, arn=arn:aws:iam::1:role/r, accountid=1, username=r}, \
             webidfederationdata={federatedprovider=accounts.google.com, attributes={accounts.google.com:sub=7, \
             accounts.google.com:aud=x}}, sourceidentity=null, ec2roledelivery=null, ec2issuedinvpc=null}, \
             invokedby=AWS Internal, identityprovider=null, credentialid=null, onbehalfof={userid=u, \
             identitystorearn=null}}",
            &[
                "AssumedRole",
                "AROAX:s",
                "arn:aws:sts::1:assumed-role/r/s",
                "1",
                "A",
                "AWS Internal",
                "Role",
                "AROAX",
                "arn:aws:iam::1:role/r",
                "1",
                "r",
            ],
        );
        assert_values(
            "{type=Root, principalid=1, accesskeyid=, username=null, sessioncontext=null}",
            &["Root", "1"],
        );
        assert_values(
            "{type=null, invokedBy=signin.amazonaws.com}",
            &["signin.amazonaws.com"],
        );
    }

    fn assert_values(text: &str, expected: &[&str]) {
        assert_eq!(identity(text).unwrap().values(), expected, "{text}");
    }

    #[test]
    fn json_with_names_in_either_case() {
        for text in [
            r#"{"type":"IAMUser","principalId":"AIDAX","userName":"a, b=c","x":{"arn":1},"sessionContext":null}"#,
            r#"{"type":"IAMUser","principalid":"AIDAX","username":"a, b=c","arn":null,"sessioncontext":{}}"#,
            r#" { "type":"IAMUser","principalid":"AIDAX","username":"a, b\u003dc"}"#,
        ] {
            assert_values(text, &["IAMUser", "AIDAX", "a, b=c"]);
        }
        for text in ["{}", "null", r#"{"sessionContext":{"sessionIssuer":{}}}"#] {
            assert_values(text, &[]);
        }
    }

    /// What Athena prints, all fields always.
    fn printed(values: &[String; 6], issuer: &[String; 3], webid: &str) -> String {
        let [kind, principal_id, arn, account, invoked_by, name] = values;
        let [issuer_arn, issuer_account, issuer_name] = issuer;
        format!(
            "{{type={kind}, principalid={principal_id}, arn={arn}, accountid={account}, invokedby={invoked_by}, \
             accesskeyid=null, username={name}, onbehalfof=null, sessioncontext={{attributes=null, \
             sessionissuer={{type=null, principalid=null, arn={issuer_arn}, accountid={issuer_account}, \
             username={issuer_name}}}, ec2roledelivery=null, webidfederationdata={{federatedprovider=p, \
             attributes={{p:sub={webid}}}}}}}}}"
        )
    }

    fn expected<'v>(values: &'v [String; 6], issuer: &'v [String; 3]) -> Vec<&'v str> {
        let [kind, principal_id, arn, account, invoked_by, name] = values;
        let in_order = [kind, principal_id, arn, account, name, invoked_by];
        let all = in_order.into_iter().chain(issuer).map(String::as_str);
        all.filter(|value| !value.is_empty() && *value != "null")
            .collect()
    }

    proptest! {
        /// All that IAM allows comes back as it was: names, and paths with braces in them.
        #[test]
        fn what_iam_allows_reads_in_one_way(
            values in prop::array::uniform6("([!-~]{0,8}/)?[A-Za-z0-9_+=,.@-]{1,12}"),
            issuer in prop::array::uniform3("([!-~]{0,8}/)?[A-Za-z0-9_+=,.@-]{1,12}"),
            webid in "[A-Za-z0-9:|/_-]{0,12}",
        ) {
            let text = printed(&values, &issuer, &webid);
            // A value that begins with a brace is none of IAM's.
            prop_assume!(!text.contains("={{") && values.iter().chain(&issuer).all(|value| !value.starts_with('{')));
            let cells = identity(&text).map_err(TestCaseError::fail)?;
            prop_assert_eq!(cells.values(), expected(&values, &issuer), "{}", text);
        }

        /// Names of others, and what web identities bring, may have anything in them: never is another value read.
        #[test]
        fn free_text_never_reads_as_something_else(
            name in "([a-c}{=,]|, |, x=|, arn=|\\}, x=|, b=|\\}\\}, username=|=\\{){0,6}",
            webid in "([a-c}{=,]|, |, x=|, arn=|\\}, x=|, b=|\\}\\}, sessionissuer=\\{arn=|=\\{){0,6}",
        ) {
            let values = ["SAMLUser", "id", "arn:x", "1", "null", &name].map(str::to_owned);
            let issuer = ["arn:y", "2", "r"].map(str::to_owned);
            let text = printed(&values, &issuer, &webid);
            if let Ok(cells) = identity(&text) {
                prop_assert_eq!(cells.values(), expected(&values, &issuer), "{}", text);
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let two_ways =
            "the userIdentity is ambiguous: a value without quotes has a comma or a brace";
        let twice = "the userIdentity repeats a name";
        let early = "the userIdentity is cut short: a closing brace is missing";
        for (text, fault) in [
            (
                "{type=SAMLUser, principalid=x:Doe, Jane, username=y}",
                two_ways,
            ),
            ("{type=SAMLUser, username=Doe, Jane}", two_ways),
            (
                "{type=SAMLUser, username=a, b=c, sessioncontext=null}",
                two_ways,
            ),
            ("{type=SAMLUser, username=a, type=IAMUser}", twice),
            ("{type=SAMLUser, username=a, arn=x, arn=y}", twice),
            ("{type=IAMUser, principalid=x", early),
            ("{type=IAMUser, ", two_ways),
            ("{type=IAMUser", early),
            ("{type=IAMUser, sessioncontext={a=b}", early),
            ("{AssumedRole, AROAX}", two_ways),
            ("{=x}", two_ways),
            ("{{type=IAMUser}}", two_ways),
            (
                "{type=IAMUser}}",
                "the userIdentity has text after its last brace",
            ),
            (
                "{type=IAMUser}, x=y}",
                "the userIdentity has text after its last brace",
            ),
            (
                "{type={a=b}}",
                "the userIdentity is malformed: expected a string",
            ),
            (
                "{type=a, sessioncontext=b}",
                "the userIdentity is malformed: expected a row",
            ),
            (
                r#"{"type":1}"#,
                "the userIdentity is malformed: expected a string",
            ),
            (r#"{"arn":"a","ARN":"b"}"#, twice),
            (
                r#"["IAMUser"]"#,
                "the userIdentity is malformed: expected an object",
            ),
            (
                "IAMUser",
                "the userIdentity is neither JSON nor a row such as {type=..., principalid=...}",
            ),
        ] {
            assert_eq!(shown(text), fault, "{text}");
        }
        let deep = format!("{{a={}b=c{}}}", "{a=".repeat(2_000), "}".repeat(2_000));
        assert_eq!(shown(&deep), "the userIdentity is nested too deeply");
    }
}
