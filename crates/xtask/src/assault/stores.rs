//! The stores of the servers that are attacked.

use std::path::{Path, PathBuf};

use benches::ACCOUNT_ID;
use serde_json::{Value, json};

use crate::assault::client;
use crate::load::signer::AccessKey;
use crate::{child, python};

/// The roles of the large account: as many as a page has.
const ROLES: usize = 1_000;
/// The characters in each of their policies. IAM allows 10,240.
const POLICY: usize = 10_000;

/// What a server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The test account.
    Test,
    /// An account of which one page of `GetAccountAuthorizationDetails` is 10 MB.
    Large,
}

/// A store of each account, and the credentials of a caller of both.
#[derive(Debug)]
pub(crate) struct Stores {
    credentials: PathBuf,
    test: PathBuf,
    large: PathBuf,
}

impl Stores {
    /// Makes the stores in a folder.
    pub(crate) fn make(program: &Path, folder: &Path) -> Result<Self, String> {
        let testdata = child::workspace_root()?.join("testdata");
        let AccessKey { id, secret } = client::ACCESS_KEY;
        let credentials = folder.join("credentials.toml");
        let text = format!(
            "[[credential]]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
             arn = \"arn:aws:iam::{ACCOUNT_ID}:user/ada\"\n"
        );
        std::fs::write(&credentials, text).map_err(|error| error.to_string())?;
        let stores = Self {
            credentials,
            test: folder.join("test.db"),
            large: folder.join("large.db"),
        };
        import(
            program,
            "account",
            &stores.test,
            &testdata.join("account.json"),
        )?;
        import(program, "trail", &stores.test, &testdata.join("trail"))?;
        let export = folder.join("large.json");
        std::fs::write(&export, large().to_string()).map_err(|error| error.to_string())?;
        import(program, "account", &stores.large, &export)?;
        Ok(stores)
    }

    pub(crate) fn credentials(&self) -> &Path {
        &self.credentials
    }

    pub(crate) fn file(&self, account: Account) -> &Path {
        match account {
            Account::Test => &self.test,
            Account::Large => &self.large,
        }
    }
}

fn import(program: &Path, what: &str, store: &Path, from: &Path) -> Result<(), String> {
    let mut command = child::command(program)?;
    command.args(["import", what, "--store"]).arg(store);
    python::succeed(command.arg(from)).map(drop)
}

fn large() -> Value {
    let roles: Vec<Value> = (0..ROLES)
        .map(|index| {
            let name = format!("role-{index:04}");
            let resource = format!("arn:aws:s3:::{}", "x".repeat(POLICY));
            json!({
                "Path": "/",
                "RoleName": name,
                "RoleId": format!("AROALARGELARGELA{index:05}"),
                "Arn": format!("arn:aws:iam::{ACCOUNT_ID}:role/{name}"),
                "CreateDate": "2024-03-01T09:00:00+00:00",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "InstanceProfileList": [],
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}],
                }}],
                "AttachedManagedPolicies": [],
                "Tags": [],
            })
        })
        .collect();
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []})
}
