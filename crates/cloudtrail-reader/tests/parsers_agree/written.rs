//! Records and objects as somebody could write them: any order, space and escapes.

use super::*;

/// A JSON string, valid or not.
fn written_string() -> impl Strategy<Value = String> {
    select(vec![
        r#""""#,
        r#""a""#,
        r#""AwsApiCall""#,
        r#""s3.amazonaws.com""#,
        r#""s3\u002eamazonaws.com""#,
        r#""GetObject""#,
        r#""G\u0065tObject""#,
        r#""eventName""#,
        r#""\"eventName\":\"DeleteBucket\",""#,
        r#""{\n  \"Version\": \"2012-10-17\"}\\""#,
        r#""\ud83d\ude00""#,
        r#""\ud83d""#,
        r#""\udc00x""#,
        r#""\u12""#,
        r#""\x""#,
        r#""é漢字😀""#,
        "\"a\u{7f}b\u{2028}\"",
        "\"a\nb\"",
        "\"\u{1}\"",
        r#""0123456789012345678901234567890123456789012345678901234567890123456789""#,
        r#""012345678901234567890123456789012345678901234567890123456789\"{}[],:""#,
        r#""eu-central-1""#,
        r#""unterminated"#,
    ])
    .prop_map(str::to_owned)
}

/// A JSON value, valid or not.
fn written_value() -> impl Strategy<Value = String> {
    let scalar = select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+10",
        "1E400",
        "123456789012345678901234567890123456789012345678901234567890",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "nul",
        "True",
        "nan",
        "",
    ])
    .prop_map(str::to_owned);
    let leaf = prop_oneof![4 => written_string(), 3 => scalar];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), space())
                .prop_map(|(values, space)| format!("[{}]", values.join(&format!("{space},")))),
            prop::collection::vec((key(), inner, space()), 0..4).prop_map(|fields| {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, value, space)| format!("{space}{key}:{space}{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

fn space() -> impl Strategy<Value = String> {
    select(vec!["", "", "", "", " ", "\n  ", "\t\r\n", "\u{a0}", "\0"]).prop_map(str::to_owned)
}

/// Keys of every level. A parser must not mistake a nested key for one of the record.
fn key() -> impl Strategy<Value = String> {
    select(vec![
        r#""eventVersion""#,
        r#""userIdentity""#,
        r#""eventTime""#,
        r#""eventSource""#,
        r#""eventName""#,
        r#""event\u004eame""#,
        r#""\ud800""#,
        r#""awsRegion""#,
        r#""eventID""#,
        r#""eventType""#,
        r#""eventCategory""#,
        r#""errorCode""#,
        r#""requestParameters""#,
        r#""type""#,
        r#""principalId""#,
        r#""arn""#,
        r#""sessionContext""#,
        r#""sessionIssuer""#,
        r#""Records""#,
        r#""a key that is longer than any that CloudTrail has, by far""#,
        r#""""#,
        "key",
    ])
    .prop_map(str::to_owned)
}

fn identity() -> impl Strategy<Value = String> {
    let sound = select(vec![
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/staff/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000001","userName":"maria"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/moved/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000001","userName":"maria"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE000000001","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"},"webIdFederationData":{},"attributes":{"creationDate":"2026-10-01T11:00:00Z","mfaAuthenticated":"false"}}}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE000000001","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"},"webIdFederationData":{},"attributes":{"creationDate":"2026-10-01T12:00:00Z","mfaAuthenticated":"false"}}}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:é","arn":"arn:aws:sts::111122223333:assumed-role/audit/é"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:a\"b"}"#,
        r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root"}"#,
        r#"{"type":"AWSAccount","principalId":"AIDAMARIAEXAMPLE00001","accountId":"444455556666"}"#,
        r#"{"type":"AWSAccount","arn":"arn:aws:sts::444455556666:assumed-role/audit/s","accountId":"444455556666"}"#,
        r#"{"type":"AWSAccount","accountId":"444455556666","arn":"arn:aws:iam::444455556666:user/maria"}"#,
        r#"{"type":"FederatedUser","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","accountId":"1","userName":"maria"}}}"#,
        r#"{"type":"FederatedUser","principalId":"111122223333:x","accountId":"111122223333"}"#,
        r#"{"type":"Unknown","principalId":"AIDAMARIAEXAMPLE00001","accountId":"111122223333"}"#,
        r#"{"type":"Unknown","principalId":"Anonymous","accountId":"111122223333"}"#,
        r#"{"type":"SAMLUser","principalId":"AIDAMARIAEXAMPLE00001","accountId":"111122223333"}"#,
        r#"{"principalId":"AROAAUDITEXAMPLE00001:one","accountId":"111122223333","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"type":"AWSService","principalId":"AROAAUDITEXAMPLE00001:one","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"type":"IAMUser","type":"Root"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/staff/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000002","userName":"maria"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/staff/maria","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE000000002","userName":"maria"}"#,
        r#"{"type":"IAMUser","accessKeyId":"AKIAEXAMPLE000000003","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/staff/maria","accountId":"111122223333"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","accountId":"111122223333","userName":"maria", "accessKeyId" : "AKIA\u0045XAMPLE000000001" }"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","accountId":"111122223333","userName":"maria","accessKeyId":7}"#,
        r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000004"}"#,
        r#"{"type":"IAMUser","principalId":null,"arn":null}"#,
        r#"{"type":7}"#,
        "{}",
        "null",
        "[]",
        r#"["IAMUser","AIDAMARIAEXAMPLE00001"]"#,
    ])
    .prop_map(str::to_owned);
    prop_oneof![12 => sound, 1 => written_value()]
}

/// A record: fields in any order, some of them invalid, repeated or missing.
fn written_record() -> impl Strategy<Value = String> {
    let time = select(vec![
        "2026-10-01T12:00:00Z",
        "2026-10-01T12:00:01Z",
        "2026-10-01T23:59:59Z",
        "2026-10-01T23:59:60Z",
        "2026-10-01T24:00:00Z",
        "2026-10-01T12:60:00Z",
        "2026-10-01T1a:00:00Z",
        "2026-10-01t12:00:00z",
        "2026-10-01 12:00:00",
        "2026-10-01T12:00:00.5Z",
        "2026-10-01T12:00:00+02:00",
        "2026-13-01T12:00:00Z",
        "2013-10-31T23:59:59Z",
        "2013-11-01T00:00:00Z",
        "2099-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
    ]);
    let text = |key: &'static str, values: Vec<&'static str>| {
        prop_oneof![
            8 => select(values).prop_map(move |value| format!("\"{key}\":\"{value}\"")),
            1 => written_value().prop_map(move |value| format!("\"{key}\":{value}")),
            1 => Just(String::new()),
        ]
    };
    let other = (key(), written_value()).prop_map(|(key, value)| format!("{key}:{value}"));
    let sound_other = select(vec![
        r#""eventVersion":"1.11""#,
        r#""requestParameters":{"eventName":"Nested","eventSource":{"userIdentity":[{"arn":null}]},"n":[1,2.5e3,{}]}"#,
        r#""requestParameters":null"#,
        r#""responseElements":{"a":[],"b":{},"policy":"{\"Version\":\"2012-10-17\"}"}"#,
        r#""responseElements":{"ConsoleLogin":"Success"}"#,
        r#""responseElements":{"ConsoleLogin":"Failure"}"#,
        r#""readOnly":true"#,
        r#""readOnly":false"#,
        r#""readOnly" : "False""#,
        r#""readOnly":null"#,
        r#""managementEvent":true"#,
        r#""managementEvent":false"#,
        r#""recipientAccountId":"444455556666""#,
        r#""recipientAccountId":"11112222\u0033333""#,
        r#""recipientAccountId":111122223333"#,
        r#""recipientAccountId":"""#,
        r#""resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k"},{"accountId":"1", "type": "AWS::S3::Bucket"}]"#,
        r#""resources":[{"type":"AWS::S3::Object"},{"type":"AWS::S3::AccessPoint"}]"#,
        r#""resources":[{"type":"AWS::New::Thing"}]"#,
        r#""userAgent":"aws-cli/2 é""#,
        r#""additionalEventData" : { "x" : [ true , false ] }"#,
    ])
    .prop_map(str::to_owned);
    (
        (
            prop_oneof![9 => identity().prop_map(|value| format!("\"userIdentity\":{value}")), 1 => Just(String::new())],
            prop_oneof![9 => time.prop_map(|value| format!("\"eventTime\":\"{value}\"")), 1 => Just(String::new())],
            text("eventSource", vec!["s3.amazonaws.com", "ec2.amazonaws.com", "unknown.amazonaws.com", "odd", ""]),
            text("eventName", vec!["GetObject", "ConsoleLogin", "HeadObject", "RunInstances", "GrowWings", "CreateFunction20150331", ""]),
            text("awsRegion", vec!["eu-central-1", "us-east-1", "EU", ""]),
            text("eventID", vec!["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "short", ""]),
            text("eventType", vec!["AwsApiCall", "AwsApiCall", "AwsApiCall", "AwsConsoleAction", "AwsServiceEvent", "AwsConsoleSignIn", "AwsCloudTrailInsight"]),
            text("errorCode", vec!["AccessDenied", "Client.UnauthorizedOperation", "NoSuchKey"]),
            prop_oneof![
                20 => Just(String::new()),
                4 => Just(r#""eventCategory":"Management""#.to_owned()),
                4 => Just(r#""eventCategory":"Data""#.to_owned()),
                1 => Just(r#""eventCategory":"NetworkActivity""#.to_owned()),
                1 => Just(r#""eventCategory":"Later""#.to_owned()),
                1 => Just(r#""eventCategory":"Insight""#.to_owned()),
            ],
        ),
        prop::collection::vec(prop_oneof![6 => sound_other, 1 => other], 0..4),
        prop::collection::vec(any::<Index>(), 0..3),
        prop_oneof![6 => Just(String::new()), 1 => space()],
    )
        .prop_map(|(texts, others, swaps, space)| {
            let (a, b, c, d, e, f, g, h, i) = texts;
            let mut fields = vec![a, b, c, d, e, f, g, h, i];
            fields.extend(others);
            fields.retain(|field| !field.is_empty());
            for swap in swaps {
                let (at, last) = (swap.index(fields.len().max(1)), fields.len().saturating_sub(1));
                if !fields.is_empty() {
                    fields.swap(at, last);
                }
            }
            format!("{{{}}}", fields.join(&format!(",{space}")))
        })
}

pub(super) fn written_object() -> impl Strategy<Value = String> {
    let record = prop_oneof![20 => written_record(), 1 => written_value()];
    let shape = select(vec![
        ("{\"Records\":[", "]}"),
        ("{\"Records\":[", "]}"),
        ("{\"Records\":[", "]}"),
        ("\u{feff} { \"Records\" : [ ", " ] } \n"),
        ("{\"Records\":[", "],\"more\":1}"),
        ("{\"Records\":[", "]}{\"Records\":[]}"),
        ("{\"Records\":[", "]"),
        ("{\"records\":[", "]}"),
        ("[", "]"),
        ("", ""),
    ]);
    let separator =
        prop_oneof![12 => Just(","), 1 => Just(",\n"), 1 => Just("\n"), 1 => Just(",,")];
    (prop::collection::vec(record, 0..6), shape, separator).prop_map(
        |(records, (before, after), separator)| {
            format!("{before}{}{after}", records.join(separator))
        },
    )
}

/// A record as CloudTrail writes it. There are few different ones, so that the caches of the projected parser are used.
pub(super) fn usual_record() -> impl Strategy<Value = String> {
    let sessions = select(vec![
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/maria","accountId":"111122223333","userName":"maria"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"}}}"#,
        r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"type":"Unknown","principalId":"AROAAUDITEXAMPLE00001:one","accountId":"111122223333"}"#,
    ]);
    let calls = select(vec![
        ("s3.amazonaws.com", "GetObject"),
        ("s3.amazonaws.com", "ListBuckets"),
        ("ec2.amazonaws.com", "RunInstances"),
        ("sts.amazonaws.com", "AssumeRole"),
        ("bedrock.amazonaws.com", "InvokeModel"),
        ("s3lifecycle.amazonaws.com", "Expire"),
        ("sts.aliyuncs.com", "AssumeRole"),
        ("dynamodb.amazonaws.com", "ExecuteStatement"),
        ("autoscaling.amazonaws.com", "PutScalingPolicy"),
    ]);
    let errors = select(vec![
        "",
        "",
        r#","errorCode":"AccessDenied","errorMessage":"no \"entry\" é""#,
        r#","errorCode":null"#,
        r#","errorCode":"AccessDenied","errorMessage":"not authorized to perform: s3:PutObject on resource: *""#,
        r#","errorCode":"AccessDenied","errorMessage":"not authorized to perform: iam:PassRole on \"x\"""#,
        r#","errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::111122223333:assumed-role/audit/two is not authorized to perform: s3:PutObject on resource: *""#,
        r#","errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111122223333:user/maria is not authorized to perform: iam:PassRole""#,
        r#","errorCode":"AccessDenied","errorMessage":"CodeBuild is not authorized to perform: iam:PassRole""#,
        r#","errorMessage":7"#,
        r#","errorCode":"AccessDenied","errorMessage":[1]"#,
    ]);
    let values = select(vec![
        "null",
        "true",
        "{}",
        "[]",
        "0",
        "43",
        "-1.5e3",
        r#""a""#,
        r#""a longer text that ends in another block of sixty-four bytes than it began in""#,
        r#"{"name":"a","count":7,"isDry":false}"#,
        r#"{"name":"b","tags":[{"key":"team","value":"x"},{"key":"eventName","value":"y"}],"n":[1,2,[3]]}"#,
        r#"{"eventName":"Nested","eventType":"AwsServiceEvent","deep":{"userIdentity":{"arn":null}}}"#,
        r#"{"a":"\"}","b":{"c":{}}}"#,
        r#"{"statement":"INSERT INTO \"t\" VALUE {}"}"#,
        r#"{"bucketName":"b","versionId":"v"}"#,
        r#"{"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/p"},"versionId":""}"#,
        r#"{"tags":[{"key":"a"}],"callWithBearerToken":true}"#,
        r#"{"reason":"requestParameters too large","omitted":"true","originalSize":"149893"}"#,
        r#""{\"tags\":[{\"key\":\"a\"}],\"versionId\":\"v\",\"callWithBearerToken\":true}""#,
        r#""HIDDEN_DUE_TO_SECURITY_REASONS""#,
        r#"{"tags":"HIDDEN_DUE_TO_SECURITY_REASONS","versionId":"****"}"#,
        r#"{"errorCode":"AccessDenied","message":"no"}"#,
        r#"{"errorCode":"Throttled","errorMessage":"not authorized to perform: iam:PassRole"}"#,
    ]);
    let ends = select(vec![
        r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#,
        r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3"}"#,
        r#""eventType":"AwsApiCall","eventCategory":"Insight""#,
        r#""eventType":"AwsApiCall","recipientAccountId":"444455556666","managementEvent":true,"eventCategory":"Management""#,
        r#""resources":[{"type":"AWS::S3::Object"}],"eventType":"AwsApiCall","recipientAccountId":"444455556666","eventCategory":"Data""#,
        r#""resources":[{"type":"AWS::DynamoDB::Table"}],"eventType":"AwsApiCall","recipientAccountId":"444455556666","eventCategory":"Data""#,
        r#""eventType":"AwsServiceEvent","managementEvent":true"#,
        r#""eventType":"AwsCloudTrailInsight","managementEvent":true"#,
        r#""eventType":null,"eventType":"AwsApiCall""#,
        r#""eventCategory":"Management","eventType":"AwsApiCall","eventCategory":"Insight""#,
        r#""eventCategory":"Management","eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#,
        r#""eventType":"AwsApiCall","errorCode":"AccessDenied""#,
        r#""eventType":"AwsApiCall","eventName":"ListBuckets""#,
        r#""eventType":"AwsApiCall","addendum":null"#,
        r#""eventType":"AwsApiCall","addendum":{"reason":"DELIVERY_DELAY"}"#,
        r#""eventType":"AwsApiCall","addendum":{"reason":"UPDATED_DATA","updatedFields":"responseElements"}"#,
    ]);
    // Mostly at its usual place, sometimes inside a value that is cached as a whole.
    let errors = (errors, 0..6_u8).prop_map(|(error, place)| match place {
        0 => ("", error),
        _ => (error, ""),
    });
    (
        sessions,
        calls,
        errors,
        prop::array::uniform3(values),
        0..4_u8,
        prop_oneof![5 => ends.clone().prop_map(|_| r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#), 2 => ends],
    )
        .prop_map(|(identity, (source, name), (error, early), [asked, answered, other], second, end)| {
            format!(
                "{{\"eventVersion\":\"1.11\",\"userIdentity\":{identity},\"eventTime\":\"2026-10-01T12:00:0{second}Z\",\
                 \"eventSource\":\"{source}\"{early},\"eventName\":\"{name}\",\"awsRegion\":\"eu-central-1\",\"userAgent\":\"aws-cli/2\"\
                 {error},\"requestParameters\":{asked},\"responseElements\":{answered},\"additionalEventData\":{other},\
                 \"eventID\":\"00000000-0000-4000-8000-00000000000{second}\",\"readOnly\":true,{end}}}"
            )
        })
}
