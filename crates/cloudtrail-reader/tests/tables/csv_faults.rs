//! CSV files and columns that are broken.

use super::*;

#[test]
fn a_table_with_other_columns_is_named() {
    let parquet_of = |names: &[&str]| {
        let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let columns = names.iter().map(|name| (*name, Arc::clone(&column)));
        parquet(&RecordBatch::try_from_iter(columns).unwrap())
    };
    let identity = "userIdentity (or userIdentity_type, userIdentity_principalId, ...)";
    for (bytes, fault) in [
        (
            b"name,age\nada,36\n".to_vec(),
            format!(
                "object: not CloudTrail: a CSV without eventTime, eventSource, eventName, awsRegion, \
                 {identity}; its columns: name, age"
            ),
        ),
        (
            b"eventtime,eventsource,eventname,awsregion,eventtype,arn\n".to_vec(),
            format!(
                "object: not CloudTrail: a CSV without {identity}; its columns: eventtime, eventsource, eventname, \
                 awsregion, eventtype, arn"
            ),
        ),
        (
            b"eventtime,eventsource,eventname,awsregion,useridentity_type".to_vec(),
            "object: not CloudTrail: a CSV without userIdentity_principalId or userIdentity_arn; its \
             columns: eventtime, eventsource, eventname, awsregion, useridentity_type"
                .into(),
        ),
        (
            b"eventtime,event_time,useridentity".to_vec(),
            "object: a CSV with two columns for event_time".into(),
        ),
        (
            json!({"QueryResultRows": [[{"eventName": "x"}, {"n": "1"}]]})
                .to_string()
                .into_bytes(),
            format!(
                "object: not CloudTrail: a query result without eventTime, eventSource, awsRegion, \
                 {identity}; its columns: eventName, n"
            ),
        ),
        (
            parquet_of(&["a", "b"]),
            format!(
                "object: not CloudTrail: a Parquet file without eventTime, eventSource, eventName, awsRegion, \
                 {identity}; its columns: a, b"
            ),
        ),
        (
            parquet_of(&["activity_id", "category_uid", "class_uid"]),
            "object: not CloudTrail: OCSF: only API activity in Parquet is read"
                .into(),
        ),
    ] {
        let taken = take(&[&bytes]);
        assert_eq!(faults(&taken), [fault]);
        assert_eq!(taken.reconciliation.records_read, 0);
    }
    let many: Vec<_> = (0..40).map(|number| format!("column{number:02}")).collect();
    let fault = faults(&take(&[many.join(",")])).concat();
    assert!(fault.ends_with("column10, column11 and 28 more"), "{fault}");
}

#[test]
fn a_broken_row_loses_no_other() {
    let records = three();
    let text = String::from_utf8(csv(&ATHENA, &records)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let mut few = lines.clone();
    few.insert(2, "\"1.11\",\"x\"");
    let more = format!("{},\"more\"", lines[2]);
    few.insert(3, &more);
    few.insert(4, "");
    let taken = take(&[few.join("\n")]);
    assert_eq!(taken.reconciliation.records_attributed, 3);
    assert_eq!(
        faults(&taken),
        [
            "object: record 2: malformed: 2 values where the header has 15 columns",
            "object: record 3: malformed: 16 values where the header has 15 columns",
        ]
    );

    let mut broken = text.clone().into_bytes();
    let at = text.find("PutObject").unwrap();
    broken[at] = 0xff;
    let taken = take(&[&broken]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(faults(&taken), ["object: record 2: malformed: not UTF-8"]);

    let taken = take(&[text.replace(
        "{type=IAMUser, principalid",
        "{type=IAMUser, Jr., principalid",
    )]);
    assert_eq!(taken.reconciliation.records_malformed(), 3);
    assert_eq!(
        faults(&taken)[0],
        "object: record 1: malformed: the userIdentity is ambiguous: a value without quotes has a comma or a brace"
    );

    let page = lake_page(&records).to_string();
    let (before, after) = page.split_once(r#"{"eventVersion":"1.11"}"#).unwrap();
    let taken = take(&[format!("{before}{{\"eventVersion\":7}}{after}")]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(
        faults(&taken),
        [
            "object: record 1: malformed: invalid type: integer `7`, expected a string at line 1 column 18"
        ]
    );
}

#[test]
fn a_csv_that_ends_in_a_value_loses_its_last_row_where_that_counts() {
    let records = three();
    let unquoted = |columns: &[Column<'_>]| {
        let text = String::from_utf8(csv(columns, &records)).unwrap();
        let lines = text.lines().map(|line| {
            let (before, last) = line.rsplit_once(",\"").unwrap();
            format!("{before},{}", last.trim_end_matches('"'))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let place = |name| ATHENA.iter().position(|column| column.0 == name).unwrap();
    let mut columns = ATHENA.to_vec();
    let region = columns.remove(place("awsregion"));
    columns.push(region);
    for text in [
        unquoted(&columns),
        unquoted(&columns)[..unquoted(&columns).len() - 2].to_owned(),
    ] {
        let taken = take(&[&text]);
        assert_eq!(taken.reconciliation.records_attributed, 2);
        assert_eq!(
            faults(&taken),
            [
                "object: record 3: malformed: the file ends without a line break: the last value may be cut short"
            ]
        );
        let taken = take(&[format!("{text}\n")]);
        assert_eq!(taken.reconciliation.records_read, 3);
        assert_eq!(taken.reconciliation.records_attributed, 3);
    }
}

#[test]
fn a_csv_cut_short_loses_its_last_row() {
    let text = csv(&ATHENA, &three());
    let whole = text.len();
    let last = text[..whole - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for length in [last + 1, last + 40, whole - 30, whole - 3, whole - 2] {
        let taken = take(&[&text[..length]]);
        assert_eq!(taken.reconciliation.records_attributed, 2, "{length}");
        assert_eq!(taken.reconciliation.records_malformed(), 1, "{length}");
    }
    // Not before the last quote is there.
    for length in [whole - 1, whole] {
        assert_eq!(
            take(&[&text[..length]]).reconciliation.records_attributed,
            3
        );
    }
    // Cut between rows, nothing shows that there were more.
    assert_eq!(take(&[&text[..last]]).reconciliation.records_attributed, 2);
}

#[test]
fn who_cannot_be_told_by_the_columns_is_malformed() {
    let records = [
        record(&json!({"userIdentity": {"type": "FederatedUser"}})),
        record(&json!({"userIdentity": {"type": "AWSAccount"}})),
        record(&json!({})),
    ];
    let columns: Vec<_> = FLAT[..14]
        .iter()
        .filter(|(name, _)| *name != "userIdentity.principalId")
        .copied()
        .collect();
    let taken = take(&[csv(&columns, &records)]);
    assert_eq!(taken.reconciliation.records_attributed, 1);
    assert_eq!(
        faults(&taken),
        [
            "object: record 1: malformed: a FederatedUser without a sessionIssuer column",
            "object: record 2: malformed: an AWSAccount without a userIdentity.principalId column",
        ]
    );
}
