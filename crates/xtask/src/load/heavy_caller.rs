//! A caller of another account that keeps its queue full of expensive jobs, beside the clients that are measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use benches::{ACCOUNT_ID, HostilePolicies, Seeded};
use serde_json::json;

use crate::load::connection::{Connection, element};
use crate::load::mix;
use crate::load::signer::{AccessKey, Signer};

/// Its access key.
pub(crate) const ACCESS_KEY: AccessKey = AccessKey {
    id: "AKIAHEAVY",
    secret: "not/a/secret/but/the/heavy/caller",
};
/// Its account. An import of the account of the other clients would replace theirs.
const ACCOUNT: &str = "444455556666";
/// Its ARN.
pub(crate) const ARN: &str = "arn:aws:iam::444455556666:user/hostile-0";
/// The users that its jobs are about. Each has as many policies as IAM allows.
const USERS: usize = 10;
/// The pause when its queue is full.
const PAUSE: Duration = Duration::from_millis(5);

/// What became of its requests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) jobs: u64,
    pub(crate) throttled: u64,
}

/// The export of its account.
pub(crate) fn export(seed: u64) -> String {
    let mut random = Seeded::named(seed, "heavy caller");
    let mut statement = || {
        let (service, letter) = (random.pick(&["ec2", "s3", "iam"]), random.base32(1));
        json!({
            "Effect": "Deny", "NotAction": format!("{service}:*{letter}*"),
            "Resource": format!("*?*{}", random.base32(2)),
        })
    };
    let users: Vec<_> = (0..USERS)
        .map(|_| HostilePolicies::filled(&mut statement))
        .collect();
    HostilePolicies::export_users(&users).replace(ACCOUNT_ID, ACCOUNT)
}

/// A call of one of its users.
pub(crate) fn trail() -> String {
    let record = json!({
        "eventVersion": "1.08", "eventTime": "2026-09-01T00:00:00Z", "eventType": "AwsApiCall",
        "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": "us-east-1",
        "eventID": "5b7d9c1e-0000-4000-8000-000000000001", "recipientAccountId": ACCOUNT,
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAhostile-0", "arn": ARN, "accountId": ACCOUNT,
            "userName": "hostile-0",
        },
    });
    json!({ "Records": [record] }).to_string()
}

/// Asks for jobs, and for more as soon as its queue has room, until it is told to stop.
///
/// # Errors
/// The connection breaks, or an answer is neither a job nor `Throttling`.
pub(crate) fn keep_asking(address: SocketAddr, stop: &AtomicBool) -> Result<Asked, String> {
    let fault = |error: std::io::Error| format!("the heavy caller: {error}");
    let mut signer = Signer::new(ACCESS_KEY, "iam");
    let mut connection = Connection::open(address).map_err(fault)?;
    let mut asked = Asked::default();
    let users = (0..USERS).map(|index| format!("arn:aws:iam::{ACCOUNT}:user/hostile-{index}"));
    let forms: Vec<String> = users.map(|arn| mix::action_level_job(&arn)).collect();
    for form in forms.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let answer = connection.post(&mut signer, form).map_err(fault)?;
        if answer.status == 200 {
            asked.jobs += 1;
        } else if element(answer.body, "Code") == Some("Throttling") {
            asked.throttled += 1;
            std::thread::sleep(PAUSE);
        } else {
            return Err(format!("the heavy caller: {}", answer.body));
        }
    }
    Ok(asked)
}
