use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::time;

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
cert_2_active,cert_2_last_rotated";
const ROOT: &str = "<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,\
2026-03-01T10:00:00+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
const ADA: &str = "ada,arn:aws:iam::111122223333:user/eng/ada,2024-01-01T00:00:00+00:00,TRUE,no_information,\
2024-01-01T00:00:00+00:00,N/A,FALSE,TRUE,2025-02-01T00:00:00+00:00,2026-04-05T06:07:00+00:00,N/A,s3,false,\
2024-02-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,false,N/A";
const BOB: &str = "bob,arn:aws:iam::111122223333:user/bob,2024-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,\
N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";

fn read(text: &str) -> Result<CredentialReport, CredentialReportError> {
    let mut report = CredentialReport::new();
    report.add("report.csv", text)?;
    Ok(report)
}

fn message(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn users_with_their_passwords_and_access_keys() {
    let report = read(&format!("{HEADER}\n{ROOT}\n{ADA}\n{BOB}\n")).unwrap();
    let (known, other) = ("111122223333".into(), "444455556666".into());
    assert_eq!(
        report.known_until(&known),
        time::parse("2026-04-05T06:07:00Z")
    );
    assert_eq!(report.known_until(&other), None);
    let [root, ada, bob] = report.users() else {
        panic!("{report:?}");
    };
    assert!(root.is_root() && root.mfa_active && root.access_keys.is_empty());
    assert_eq!(root.password.enabled, None);
    assert_eq!(root.password.last_used, time::parse("2026-03-01T10:00:00Z"));
    assert_eq!(ada.account.as_str(), "111122223333");
    assert_eq!(ada.created, time::parse("2024-01-01T00:00:00Z").unwrap());
    assert_eq!(ada.password.enabled, Some(true));
    assert_eq!(
        (ada.password.last_used, ada.password.next_rotation),
        (None, None)
    );
    let [first, second] = &*ada.access_keys else {
        panic!("{ada:?}");
    };
    assert!(first.active && !second.active);
    assert_eq!(first.last_used, time::parse("2026-04-05T06:07:00Z"));
    assert_eq!(
        (&first.last_used_region, first.last_used_service.as_deref()),
        (&None, Some("s3"))
    );
    assert_eq!((second.number, second.last_used), (2, None));
    assert_eq!(second.last_rotated, time::parse("2024-02-01T00:00:00Z"));
    assert_eq!(bob.password.enabled, Some(false));
    assert!(bob.access_keys.is_empty());
    assert_eq!(report.user("arn:aws:iam::111122223333:user/bob"), Some(bob));
    assert_eq!(report.user("arn:aws:iam::111122223333:user/ada"), None);
}

#[test]
fn columns_are_found_by_name() {
    let moved = |line: &str, more: &str| {
        let mut values: Vec<&str> = line.split(',').collect();
        values.rotate_left(7);
        format!("{},{more}", values.join(","))
    };
    let more = "1 additional access key";
    let text = format!(
        "\u{feff}{}\r\n{}\r\n{}",
        moved(HEADER, "additional_credentials_info,a_new_column"),
        moved(ADA, &format!("{more},x")),
        moved(BOB, "N/A,y"),
    );
    let report = read(&text).unwrap();
    let expected = read(&format!("{HEADER}\n{ADA}\n{BOB}")).unwrap();
    let [ada, bob] = report.users() else {
        panic!("{report:?}");
    };
    assert!(ada.has_unlisted_credentials);
    assert_eq!(ada.access_keys, expected.users()[0].access_keys);
    assert_eq!(bob, &expected.users()[1]);
}

#[test]
fn the_output_of_the_aws_cli() {
    let csv = format!("{HEADER}\n{ADA}\n");
    let json = |content: &str, time: &str| {
        format!(
            r#"{{"Content": "{content}", "ReportFormat": "text/csv", "GeneratedTime": "{time}"}}"#
        )
    };
    let content = STANDARD.encode(&csv);
    let mut report = read(&json(&content, "2026-11-20T08:00:00+00:00")).unwrap();
    assert_eq!(report.users(), read(&csv).unwrap().users());
    let known = |report: &CredentialReport, account: &str| report.known_until(&account.into());
    assert_eq!(
        known(&report, "111122223333"),
        time::parse("2026-11-20T08:00:00Z")
    );
    // A second account.
    let second = format!(
        "{HEADER}\n{}\n",
        BOB.replace("111122223333", "444455556666")
    );
    let earlier = json(&STANDARD.encode(second), "2026-11-19T08:00:00Z");
    report.add("second.json", &earlier).unwrap();
    assert_eq!(report.users().len(), 2);
    assert_eq!(
        known(&report, "111122223333"),
        time::parse("2026-11-20T08:00:00Z")
    );
    assert_eq!(
        known(&report, "444455556666"),
        time::parse("2026-11-19T08:00:00Z")
    );

    assert!(message(r#"{"UserDetailList": []}"#).contains("missing field `Content`"));
    assert!(message(&json("?", "2026-11-20T08:00:00Z")).contains("Content is not base64"));
    assert!(message(&json("/w==", "2026-11-20T08:00:00Z")).contains("Content is not text"));
    assert_eq!(
        message(&json(&content, "today")),
        r#"report.csv, column GeneratedTime: "today" is not a date and time"#
    );
}

#[test]
fn errors_name_line_and_column() {
    assert_eq!(
        message(""),
        "report.csv: there is no credential report in the file"
    );
    assert_eq!(
        message("user,arn\nada,x\n"),
        "report.csv: line 1: not a credential report: there is no column user_creation_time; get one with `aws iam \
         get-credential-report`"
    );
    assert_eq!(
        message(&format!("{HEADER},arn\n")),
        "report.csv: line 1: the column arn is there twice"
    );
    let with = |old: &str, new: &str| {
        message(&format!("{HEADER}\n{BOB}\n{}\n", ADA.replacen(old, new, 1)))
    };
    assert_eq!(
        with("2026-04-05T06:07:00+00:00", "05/04/2026"),
        "report.csv: line 3, column access_key_1_last_used_date: \"05/04/2026\" is not a date and time, N/A, no_information or \
         not_supported"
    );
    assert_eq!(
        with(",TRUE,", ",maybe,"),
        "report.csv: line 3, column password_enabled: \"maybe\" is not TRUE, FALSE or not_supported"
    );
    assert_eq!(
        with("arn:aws:iam::111122223333:user/eng/ada", "ada"),
        "report.csv: line 3, column arn: \"ada\" is not the ARN of a user"
    );
    assert_eq!(
        with("2024-01-01T00:00:00+00:00", "N/A"),
        "report.csv: line 3, column user_creation_time: \"N/A\" is not a date and time"
    );
    assert_eq!(
        with(",false,N/A,false,N/A", ",fal"),
        "report.csv: line 3: 19 values, but 22 columns; is the file cut short?"
    );
    assert_eq!(
        with(
            "ada,arn:aws:iam::111122223333:user/eng/ada",
            "bob,arn:aws:iam::111122223333:user/bob"
        ),
        "report.csv: line 3: there is an earlier row of \"arn:aws:iam::111122223333:user/bob\""
    );
    let mut report = CredentialReport::new();
    report
        .add("broken.csv", &format!("{HEADER}\n{ADA},\n"))
        .unwrap_err();
    assert!(report.users().is_empty());
}
