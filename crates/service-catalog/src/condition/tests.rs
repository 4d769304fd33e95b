use super::ConditionVerdict::{No, Unknown, Yes};
use super::*;

/// Each case is a test without its `requestParameters.`, the JSON of that field, and the verdict. `HIDDEN` in the JSON stands for
/// the mask that CloudTrail writes instead of a value.
fn assert_verdicts(cases: &[(&str, &str, ConditionVerdict)]) {
    for (test, json, expected) in cases {
        let path = test.trim_start_matches('?');
        let doubt = if path == *test { "" } else { "?" };
        let test = format!("{doubt}requestParameters.{path}");
        let json = json.replace("HIDDEN", r#""HIDDEN_DUE_TO_SECURITY_REASONS""#);
        let condition = RecordCondition::parse("c", [&*test].into_iter()).unwrap();
        let verdict = condition.evaluate(&ConditionFields::new(Some(&json), None));
        assert_eq!(verdict, *expected, "{test} {json}");
        let may_hold = is_nothing(json.as_bytes()) || condition.may_hold(json.as_bytes(), b"");
        assert!(may_hold || verdict == No, "{test} {json}");
    }
}

#[test]
fn tests_hold_as_documented() {
    assert_verdicts(&[
        ("a", r#"{"a":"x"}"#, Yes),
        ("A", r#"{"a":1}"#, Yes),
        ("a", r#"{"a":""}"#, No),
        ("a", r#"{"a":null}"#, No),
        ("a", r#"{"a":true}"#, No),
        ("a", r#"{"a":[]}"#, No),
        ("a", r#"{"a":{}}"#, No),
        ("a", r#"{"a":{"b":1}}"#, Yes),
        ("a", r#"{"b":{"a":1}}"#, No),
        ("a.b", r#"{"a":[{"b":1}]}"#, Yes),
        ("**.a", r#"{"b":[{"c":{"a":1}}]}"#, Yes),
        ("**.a", r#"{"a":1}"#, Yes),
        ("*Role", r#"{"serviceRole":"x"}"#, Yes),
        ("*Role", r#"{"roleName":"x"}"#, No),
        ("*Role", r#"{"role":"x"}"#, Yes),
        ("a=x", r#"{"a":"X"}"#, Yes),
        ("a=x", r#"{"a":"xy"}"#, No),
        ("a=true", r#"{"a":true}"#, Yes),
        ("a=true", r#"{"a":false}"#, No),
        ("a=x", r#"{"a":["y","x"]}"#, Yes),
        ("a^INSERT", r#"{"a":" insert into t"}"#, Yes),
        ("a^EXISTS", r#"{"a":"EXISTS(SELECT"}"#, Yes),
        (
            "a^INSERT",
            r#"{"a":"-- SELECT\n /* UPDATE */ insert into"}"#,
            Yes,
        ),
        ("a^INSERT", r#"{"a":"-- INSERT"}"#, Unknown),
        (
            "**.a^INSERT",
            r#"{"b":[{"a":"SELECT"},{"a":"***"}]}"#,
            Unknown,
        ),
        ("**.a^INSERT", r#"{"b":[{"a":"***"},{"a":"INSERT"}]}"#, Yes),
        ("a^INSERT", r#"{"a":"INSERTED"}"#, No),
        ("a^INSERT", r#"{"a":1}"#, Unknown),
        ("a^INSERT", r#"{"b":"SELECT"}"#, Unknown),
        ("a.b^INSERT", r#"{"a":[{"b":"SELECT"},{"c":1}]}"#, No),
        ("a~versionId=", r#"{"a":"b/k?versionId=1"}"#, Yes),
        ("a@s3", r#"{"a":"arn:aws:s3:::b"}"#, Yes),
        ("a@s3", r#"{"a":"arn:aws:sqs:::b"}"#, No),
        (
            "**@iam:role/",
            r#"{"x":{"y":["arn:aws:iam::111122223333:role/r"]}}"#,
            Yes,
        ),
        (
            "**@iam:role/",
            r#"{"x":"arn:aws:iam::111122223333:user/u"}"#,
            No,
        ),
        ("a[]", r#"{"a":[{"key":"k"}]}"#, Yes),
        ("a[]", r#"{"a":{"k":"v"}}"#, Yes),
        ("a[]", r#"{"a":"k=v"}"#, Yes),
        ("a[]", r#"{"a":"[{}]"}"#, Yes),
        ("a[]", r#"{"a":"[]"}"#, No),
        ("a[]", r#"{"a":"disabled"}"#, No),
        ("a[]", r#"{"a":true}"#, No),
        ("a[]", r#"{"a":[]}"#, No),
        ("a[]", r#"{"a":"****"}"#, Unknown),
        ("?a", r#"{"a":"x"}"#, Unknown),
        ("?a=true", r#"{"a":false}"#, No),
        ("a", "null", Unknown),
        ("a", r#"{"a": is not JSON"#, Unknown),
        ("a", r#"["a"]"#, Unknown),
    ]);
}

#[test]
fn what_was_left_out_or_hidden_decides_nothing() {
    assert_verdicts(&[
        // CloudTrail leaves out more than 100 KB.
        (
            "a",
            r#"{"reason":"requestParameters too large","omitted":"true","originalSize":"149893"}"#,
            Unknown,
        ),
        ("a", r#"{"omitted":true,"originalSize":107463}"#, Unknown),
        ("a", r#"{"omitted":false}"#, No),
        ("a", r#"{"omitted":"no"}"#, No),
        ("a", r#"{"permitted":true}"#, No),
        // JSON in a text, and what is none.
        ("a", r#""{\"a\":1}""#, Yes),
        ("a", r#""{\"b\":1}""#, No),
        ("**@iam:role/", r#""{\"b\":1}""#, No),
        ("a", r#""{\"omitted\":true}""#, Unknown),
        ("a", r#""{a={b=1}}""#, Unknown),
        ("a", r#""[1]""#, Unknown),
        ("a", "[]", Unknown),
        ("a", r#"[{"a":1}]"#, Unknown),
        ("a", "true", Unknown),
        ("a", r#""""#, Unknown),
        ("a", "HIDDEN", Unknown),
        // A hidden value can be anything, a masked one is a text.
        ("a", r#"{"a":HIDDEN}"#, Unknown),
        ("a.b", r#"{"a":HIDDEN}"#, Unknown),
        ("**.b", r#"{"a":[HIDDEN]}"#, Unknown),
        ("**.b", r#"{"a":HIDDEN,"b":1}"#, Yes),
        ("b", r#"{"a":HIDDEN}"#, No),
        ("a=x", r#"{"a":[HIDDEN]}"#, Unknown),
        ("**@iam:role/", r#"{"a":HIDDEN}"#, Unknown),
        ("a^INSERT", r#"{"a":HIDDEN}"#, Unknown),
        ("**.a^INSERT", r#"{"b":[{"a":"SELECT"},HIDDEN]}"#, Unknown),
        ("a=x", r#"{"a":"****"}"#, Unknown),
        ("**.b", r#"{"a":"****"}"#, No),
        ("**.b", r#"{"b":"****"}"#, Unknown),
    ]);
}

#[test]
fn a_missing_field_decides_nothing_or_no() {
    let parse = |test| RecordCondition::parse("c", [test].into_iter()).unwrap();
    let nothing = ConditionFields::default();
    let request = parse("requestParameters.a");
    assert_eq!(request.evaluate(&nothing), Unknown);
    let additional = parse("additionalEventData.a=true");
    assert_eq!(additional.evaluate(&nothing), No);
    assert_eq!(
        additional.evaluate(&ConditionFields::new(None, Some(r#"{"a":true}"#))),
        Yes
    );
    assert_eq!(
        (request.fields_needed(), additional.fields_needed()),
        (
            FieldsNeeded {
                request_parameters: true,
                additional_event_data: false
            },
            FieldsNeeded {
                request_parameters: false,
                additional_event_data: true
            }
        )
    );
    assert!(request.fields_needed().any() && !FieldsNeeded::default().any());
}

#[test]
fn one_test_that_holds_is_enough() {
    let tests = ["additionalEventData.a", "requestParameters.b"];
    let condition = RecordCondition::parse("either", tests.into_iter()).unwrap();
    assert_eq!(condition.name(), "either");
    assert_eq!(condition.tests().collect::<Vec<_>>(), tests);
    let both = ConditionFields::new(Some(r#"{"b":1}"#), Some("{}"));
    assert_eq!(condition.evaluate(&both), Yes);
    let one = ConditionFields::new(None, Some(r#"{"a":1}"#));
    assert_eq!(condition.evaluate(&one), Yes);
    let tests = ["requestParameters.b", "?requestParameters.a"];
    let condition = RecordCondition::parse("doubt", tests.into_iter()).unwrap();
    let of = |json| condition.evaluate(&ConditionFields::new(Some(json), None));
    assert_eq!(of(r#"{"a":1,"b":1}"#), Yes);
    assert_eq!(of(r#"{"a":1}"#), Unknown);
    assert_eq!(of(r#"{"c":1}"#), No);
}

#[test]
fn what_is_no_test_is_refused() {
    for text in [
        "",
        "requestParameters",
        "responseElements.a",
        "requestParameters.",
        "requestParameters.*",
        "requestParameters.a=",
        "requestParameters.a@",
        "requestParameters.a[",
        "requestParameters.a[0]",
        "?",
        "??requestParameters.a",
    ] {
        assert_eq!(
            RecordCondition::parse("c", [text].into_iter()),
            None,
            "{text} is a test"
        );
    }
    assert_eq!(RecordCondition::parse("c", std::iter::empty()), None);
}
