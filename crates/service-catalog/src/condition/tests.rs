use super::*;

fn evaluate(test: &str, request_parameters: &str) -> Verdict {
    let condition = RecordCondition::parse("c", [test].into_iter()).unwrap();
    condition.evaluate(&ConditionFields::new(Some(request_parameters), None))
}

#[test]
fn tests_hold_as_documented() {
    for (test, json, expected) in [
        ("requestParameters.a", r#"{"a":"x"}"#, Verdict::Yes),
        ("requestParameters.A", r#"{"a":1}"#, Verdict::Yes),
        ("requestParameters.a", r#"{"a":""}"#, Verdict::No),
        ("requestParameters.a", r#"{"a":null}"#, Verdict::No),
        ("requestParameters.a", r#"{"a":true}"#, Verdict::No),
        ("requestParameters.a", r#"{"a":[]}"#, Verdict::No),
        ("requestParameters.a", r#"{"a":{}}"#, Verdict::No),
        ("requestParameters.a", r#"{"a":{"b":1}}"#, Verdict::Yes),
        ("requestParameters.a", r#"{"b":{"a":1}}"#, Verdict::No),
        ("requestParameters.a.b", r#"{"a":[{"b":1}]}"#, Verdict::Yes),
        (
            "requestParameters.**.a",
            r#"{"b":[{"c":{"a":1}}]}"#,
            Verdict::Yes,
        ),
        ("requestParameters.**.a", r#"{"a":1}"#, Verdict::Yes),
        (
            "requestParameters.*Role",
            r#"{"serviceRole":"x"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.*Role",
            r#"{"roleName":"x"}"#,
            Verdict::No,
        ),
        ("requestParameters.*Role", r#"{"role":"x"}"#, Verdict::Yes),
        ("requestParameters.a=x", r#"{"a":"X"}"#, Verdict::Yes),
        ("requestParameters.a=x", r#"{"a":"xy"}"#, Verdict::No),
        ("requestParameters.a=true", r#"{"a":true}"#, Verdict::Yes),
        ("requestParameters.a=true", r#"{"a":false}"#, Verdict::No),
        ("requestParameters.a=x", r#"{"a":["y","x"]}"#, Verdict::Yes),
        (
            "requestParameters.a^INSERT",
            r#"{"a":" insert into t"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a^EXISTS",
            r#"{"a":"EXISTS(SELECT"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a^INSERT",
            r#"{"a":"-- SELECT\n /* UPDATE */ insert into"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a^INSERT",
            r#"{"a":"-- INSERT"}"#,
            Verdict::Unknown,
        ),
        (
            "requestParameters.**.a^INSERT",
            r#"{"b":[{"a":"SELECT"},{"a":"***"}]}"#,
            Verdict::Unknown,
        ),
        (
            "requestParameters.**.a^INSERT",
            r#"{"b":[{"a":"***"},{"a":"INSERT"}]}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a^INSERT",
            r#"{"a":"INSERTED"}"#,
            Verdict::No,
        ),
        (
            "requestParameters.a~versionId=",
            r#"{"a":"b/k?versionId=1"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a@s3",
            r#"{"a":"arn:aws:s3:::b"}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.a@s3",
            r#"{"a":"arn:aws:sqs:::b"}"#,
            Verdict::No,
        ),
        (
            "requestParameters.**@iam:role/",
            r#"{"x":{"y":["arn:aws:iam::111122223333:role/r"]}}"#,
            Verdict::Yes,
        ),
        (
            "requestParameters.**@iam:role/",
            r#"{"x":"arn:aws:iam::111122223333:user/u"}"#,
            Verdict::No,
        ),
        (
            "requestParameters.a[]",
            r#"{"a":[{"key":"k"}]}"#,
            Verdict::Yes,
        ),
        ("requestParameters.a[]", r#"{"a":{"k":"v"}}"#, Verdict::Yes),
        ("requestParameters.a[]", r#"{"a":"k=v"}"#, Verdict::Yes),
        ("requestParameters.a[]", r#"{"a":"[{}]"}"#, Verdict::Yes),
        ("requestParameters.a[]", r#"{"a":"[]"}"#, Verdict::No),
        ("requestParameters.a[]", r#"{"a":"disabled"}"#, Verdict::No),
        ("requestParameters.a[]", r#"{"a":true}"#, Verdict::No),
        ("requestParameters.a[]", r#"{"a":[]}"#, Verdict::No),
        ("requestParameters.a[]", r#"{"a":"****"}"#, Verdict::Unknown),
        ("?requestParameters.a", r#"{"a":"x"}"#, Verdict::Unknown),
        ("?requestParameters.a=true", r#"{"a":false}"#, Verdict::No),
        ("requestParameters.a", "null", Verdict::Unknown),
        (
            "requestParameters.a",
            "{\"a\": is not JSON",
            Verdict::Unknown,
        ),
        ("requestParameters.a", "[\"a\"]", Verdict::Unknown),
    ] {
        assert_eq!(evaluate(test, json), expected, "{test} {json}");
    }
}

#[test]
fn what_was_left_out_or_hidden_decides_nothing() {
    let hidden = r#""HIDDEN_DUE_TO_SECURITY_REASONS""#;
    for (test, json, expected) in [
        // CloudTrail leaves out more than 100 KB.
        (
            "a",
            r#"{"reason":"requestParameters too large","omitted":"true","originalSize":"149893"}"#,
            Verdict::Unknown,
        ),
        (
            "a",
            r#"{"omitted":true,"originalSize":107463}"#,
            Verdict::Unknown,
        ),
        ("a", r#"{"omitted":false}"#, Verdict::No),
        ("a", r#"{"omitted":"no"}"#, Verdict::No),
        ("a", r#"{"permitted":true}"#, Verdict::No),
        // JSON in a text, and what is none.
        ("a", r#""{\"a\":1}""#, Verdict::Yes),
        ("a", r#""{\"b\":1}""#, Verdict::No),
        ("**@iam:role/", r#""{\"b\":1}""#, Verdict::No),
        ("a", r#""{\"omitted\":true}""#, Verdict::Unknown),
        ("a", r#""{a={b=1}}""#, Verdict::Unknown),
        ("a", r#""[1]""#, Verdict::Unknown),
        ("a", "[]", Verdict::Unknown),
        ("a", "[{\"a\":1}]", Verdict::Unknown),
        ("a", "true", Verdict::Unknown),
        ("a", r#""""#, Verdict::Unknown),
        ("a", hidden, Verdict::Unknown),
        // A hidden value can be anything, a masked one is a text.
        (
            "a",
            r#"{"a":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            Verdict::Unknown,
        ),
        (
            "a.b",
            r#"{"a":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            Verdict::Unknown,
        ),
        (
            "**.b",
            r#"{"a":["HIDDEN_DUE_TO_SECURITY_REASONS"]}"#,
            Verdict::Unknown,
        ),
        (
            "**.b",
            r#"{"a":"HIDDEN_DUE_TO_SECURITY_REASONS","b":1}"#,
            Verdict::Yes,
        ),
        (
            "b",
            r#"{"a":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            Verdict::No,
        ),
        (
            "a=x",
            r#"{"a":["HIDDEN_DUE_TO_SECURITY_REASONS"]}"#,
            Verdict::Unknown,
        ),
        (
            "**@iam:role/",
            r#"{"a":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            Verdict::Unknown,
        ),
        ("a=x", r#"{"a":"****"}"#, Verdict::Unknown),
        ("**.b", r#"{"a":"****"}"#, Verdict::No),
        ("**.b", r#"{"b":"****"}"#, Verdict::Unknown),
    ] {
        let test = format!("requestParameters.{test}");
        assert_eq!(evaluate(&test, json), expected, "{test} {json}");
        let condition = RecordCondition::parse("c", [&*test].into_iter()).unwrap();
        assert!(
            is_nothing(json.as_bytes())
                || condition.may_hold(json.as_bytes(), b"")
                || expected == Verdict::No,
            "{test} {json}"
        );
    }
}

#[test]
fn a_missing_field_decides_nothing_or_no() {
    let parse = |test| RecordCondition::parse("c", [test].into_iter()).unwrap();
    let nothing = ConditionFields::default();
    let request = parse("requestParameters.a");
    assert_eq!(request.evaluate(&nothing), Verdict::Unknown);
    let additional = parse("additionalEventData.a=true");
    assert_eq!(additional.evaluate(&nothing), Verdict::No);
    assert_eq!(
        additional.evaluate(&ConditionFields::new(None, Some(r#"{"a":true}"#))),
        Verdict::Yes
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
    assert_eq!(condition.evaluate(&both), Verdict::Yes);
    let one = ConditionFields::new(None, Some(r#"{"a":1}"#));
    assert_eq!(condition.evaluate(&one), Verdict::Yes);
    let tests = ["requestParameters.b", "?requestParameters.a"];
    let condition = RecordCondition::parse("doubt", tests.into_iter()).unwrap();
    let of = |json| condition.evaluate(&ConditionFields::new(Some(json), None));
    assert_eq!(of(r#"{"a":1,"b":1}"#), Verdict::Yes);
    assert_eq!(of(r#"{"a":1}"#), Verdict::Unknown);
    assert_eq!(of(r#"{"c":1}"#), Verdict::No);
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
