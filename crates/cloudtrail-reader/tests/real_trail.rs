//! Real records: a training account under simulated attack (Invictus IR's `aws_dataset`, July 2023), when
//! the shared folder stands beside the checkout.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use advisor_core::CreditedAction;
use service_catalog::Catalog;

use support::{faults, reader, set_aside, without_losses};

#[test]
fn the_attack_simulation_is_read_whole() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/cloudtrail-attack-simulation-2023-07.tar.xz");
    if !archive.is_file() {
        println!("skipped: there is no shared/data beside the checkout");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "tar cannot unpack {}", archive.display());

    let read = reader()
        .read(&[folder.path().join("CloudTrail")], &|_| ())
        .unwrap();
    let reconciliation = &read.reconciliation;
    assert!(reconciliation.adds_up());
    assert_eq!(faults(&read), [""; 0]);
    assert_eq!(reconciliation.records_malformed(), 0);
    assert_eq!(reconciliation.objects_read, 55);
    assert_eq!(reconciliation.records_read, 2_900);
    // Counted by another program too: 2,745 calls by users and 76 by roles, 60 of them denied.
    assert_eq!(reconciliation.records_attributed, 2_821);
    assert_eq!(
        set_aside(&read),
        [
            "3 not an API call: AwsConsoleSignIn",
            "42 not an API call: AwsServiceEvent",
            "34 by an AWS service",
        ]
    );

    // The archive itself, which has a licence beside the trail.
    let packed = reader().read(&[&archive], &|_| ()).unwrap();
    assert_eq!(without_losses(&packed.activity), read.activity);
    assert_eq!(packed.reconciliation.records_read, 2_900);
    let failed = packed.reconciliation.objects_failed.iter();
    let failed: Vec<_> = failed.map(|failed| failed.object().to_string()).collect();
    assert_eq!(failed, [format!("{}!LICENSE", archive.display())]);

    let catalog = Catalog::embedded();
    let mut attempts = BTreeMap::new();
    let (mut denied, mut rows) = (0, 0);
    for row in read.activity.rows() {
        assert!(
            catalog.service_by_namespace(row.service).is_some(),
            "not known: {row:?}"
        );
        match row.action {
            CreditedAction::Action(_) => rows += 1,
            // Credited beside the action of the same call.
            CreditedAction::Exercised(_) | CreditedAction::Implied(_) => continue,
            CreditedAction::Event(_) => panic!("not known: {row:?}"),
        }
        assert_eq!(row.principal.account, Some("123837392027"));
        assert!(
            row.principal
                .arn
                .is_some_and(|arn| arn.starts_with("arn:aws:iam::"))
        );
        *attempts
            .entry(row.principal.unique_id.unwrap())
            .or_insert(0) += row.attempts;
        denied += row.denied;
    }
    assert_eq!(
        attempts.into_iter().collect::<Vec<_>>(),
        [
            ("AIDATFQR7NSC5AU2ZV3IE", 2_640),
            ("AIDATFQR7NSC5U6Q3TMDR", 105),
            ("AROATFQR7NSC3K2SEQDM2", 2),
            ("AROATFQR7NSC4RHD6IN2N", 1),
            ("AROATFQR7NSC6Q6YRQ2Q7", 15),
            ("AROATFQR7NSCQNEXZHIOB", 8),
            ("AROATFQR7NSCRI4ZA26CX", 1),
            ("AROATFQR7NSCRR66DMFTC", 4),
            ("AROATFQR7NSCWCZMFXMXZ", 15),
            ("AROATFQR7NSCWWVLB7BES", 29),
            ("AROATFQR7NSCYGNOX4QAJ", 1),
        ]
    );
    assert_eq!(denied, 60);
    assert_eq!(rows, 284);
}
