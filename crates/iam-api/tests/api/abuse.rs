//! Thousands of requests that no client would send: each gets a 4xx answer in XML, and nothing
//! panics. They are made from a fixed seed, so that a failure can be repeated.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};

use crate::fixture::{ADA, BRUNO, ERIN, Fixture, HOST, Signer, form};

/// Pseudorandom numbers: `SplitMix64` of Steele, Lea and Flood.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    fn text(&mut self, longest: usize) -> String {
        let pieces = [
            "a",
            "Z",
            "0",
            "%",
            "%zz",
            "%ff",
            "%00",
            "&",
            "=",
            "+",
            ".",
            "/",
            ":",
            ";",
            ",",
            " ",
            "é",
            "\u{1f600}",
            "<",
            ">",
            "\"",
            "'",
            "\\",
            "\u{7f}",
            "member",
            "X-Amz-Algorithm=",
            "arn:aws:iam::",
            "Action=",
            "..",
            "{",
            "}",
            "*",
            "?",
        ];
        (0..self.below(longest))
            .map(|_| self.pick(&pieces))
            .collect()
    }
}

async fn assert_rejected(fixture: &Fixture, request: Request<Body>) {
    let shown: String = format!("{request:?}").chars().take(2_000).collect();
    let answer = fixture.send(request).await;
    assert!((400..500).contains(&answer.status), "{shown}\n{answer:?}");
    assert!(answer.get("Code").is_some(), "{shown}\n{answer:?}");
    assert!(!answer.text.contains("ada-secret"));
}

const ACTIONS: [&str; 13] = [
    "GenerateServiceLastAccessedDetails",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
    "ListPoliciesGrantingServiceAccess",
    "GetAccountAuthorizationDetails",
    "ListUsers",
    "ListRoles",
    "ListGroups",
    "ListPolicies",
    "GetUser",
    "GetRole",
    "GetGroup",
    "GetPolicy",
];

/// Valid signatures, malformed parameters.
#[tokio::test]
async fn malformed_parameters() {
    let fixture = Fixture::new();
    let mut random = Random(1);
    for _ in 0..1_000 {
        let action = random.pick(&ACTIONS);
        let arn = random.text(40);
        let job = random.text(60);
        let marker = format!("{}é", random.text(60));
        let name = random.text(30) + " ";
        let body = form(
            action,
            &[
                ("Arn", &arn),
                ("JobId", &job),
                ("ServiceNamespace", &name),
                ("ServiceNamespaces.member.1", &name),
                ("UserName", &name),
                ("RoleName", &name),
                ("GroupName", &name),
                ("PolicyArn", &arn),
                ("Marker", &marker),
            ],
        );
        assert_rejected(&fixture, Signer::new(ADA).post(&body)).await;
    }
    // Not a form.
    for _ in 0..500 {
        let body = format!("%{}", random.text(200));
        assert_rejected(&fixture, Signer::new(ADA).post(&body)).await;
    }
}

/// Requests that were changed after they were signed.
#[tokio::test]
async fn wrongly_signed() {
    let fixture = Fixture::new();
    let mut random = Random(2);
    let body = form(
        "ListPoliciesGrantingServiceAccess",
        &[("Arn", BRUNO), ("ServiceNamespaces.member.1", "s3")],
    );
    for _ in 0..1_000 {
        let mut request = Signer::new(ADA).post(&body);
        let headers = request.headers_mut();
        match random.below(4) {
            0 => {
                let text = headers["authorization"].to_str().unwrap();
                let mut letters: Vec<char> = text.chars().collect();
                let at = random.below(letters.len());
                let other = random.pick(&["0", "z", "/", ",", "=", " ", ";", "Q"]);
                // Spaces between fields and the Region are not checked.
                let is_free = text[..at].ends_with("us-east-1,") || letters[at] == ' ';
                let other = other.chars().next().unwrap();
                if letters[at] == other || is_free {
                    letters.truncate(at);
                } else {
                    letters[at] = other;
                }
                let text: String = letters.into_iter().collect();
                headers.insert("authorization", text.parse().unwrap());
            }
            1 => {
                let name = format!("x-amz-{}", random.next());
                let name: HeaderName = name.parse().unwrap();
                headers.insert(name, "x".parse().unwrap());
            }
            2 => {
                let name = random.pick(&["host", "x-amz-date", "content-type"]);
                let value = random.text(20);
                let value = HeaderValue::from_bytes(value.replace('\u{7f}', "").as_bytes());
                headers.insert(HeaderName::from_static(name), value.unwrap());
            }
            _ => {
                let mut bytes = body.clone().into_bytes();
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(6);
                *request.body_mut() = Body::from(bytes);
            }
        }
        assert_rejected(&fixture, request).await;
    }
    // The secret of another key.
    let mut key = ERIN;
    key.0 = ADA.0;
    for action in ACTIONS {
        assert_rejected(&fixture, Signer::new(key).post(&form(action, &[]))).await;
    }
}

/// Random query strings and headers.
#[tokio::test]
async fn unsigned_random_requests() {
    let fixture = Fixture::new();
    let mut random = Random(3);
    let names = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
    ];
    let values = [
        "AWS4-HMAC-SHA256",
        "AKIAADA/20261101/us-east-1/iam/aws4_request",
        "AKIAADA/+2621421101/us-east-1/iam/aws4_request",
        "////",
        "20261101T000000Z",
        "+2621421231T235959Z",
        "99991231T235959Z",
        "00000101T000000Z",
        "-1",
        "604800",
        "99999999999999999999",
        "host",
        "host;host;;HOST;:authority",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "",
    ];
    for _ in 0..1_500 {
        let mut query = form(random.pick(&ACTIONS), &[]);
        for name in names {
            if random.below(8) > 0 {
                let value = crate::fixture::encode(random.pick(&values));
                query.push_str(&format!("&{name}={value}"));
            }
        }
        if random.below(3) == 0 {
            query.push_str(&crate::fixture::encode(&random.text(50)));
        }
        let method = [Method::GET, Method::POST, Method::DELETE][random.below(3)].clone();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/?{query}"))
            .header("host", HOST);
        if random.below(4) == 0 {
            let text = format!("AWS4-HMAC-SHA256 {}", random.text(50).replace('\u{7f}', ""));
            request = request.header(
                "authorization",
                HeaderValue::from_bytes(text.as_bytes()).unwrap(),
            );
            request = request.header("x-amz-date", random.pick(&values));
        }
        assert_rejected(&fixture, request.body(Body::empty()).unwrap()).await;
    }
}

#[tokio::test]
async fn requests_beyond_the_limits() {
    let fixture = Fixture::with(|config| {
        config.limits.body_bytes = 10_000;
        config.limits.parameters = 100;
    });
    let long = form("ListUsers", &[("PathPrefix", &"/".repeat(10_000))]);
    let answer = fixture.send(Signer::new(ADA).post(&long)).await;
    assert_eq!(
        (answer.status, answer.error().0.as_str()),
        (413, "RequestEntityTooLarge")
    );
    // Also when the content length says less.
    let mut request = Signer::new(ADA).post(&long);
    request
        .headers_mut()
        .insert("content-length", "10".parse().unwrap());
    assert_eq!(fixture.send(request).await.status, 413);
    let many = form("ListUsers", &[("a", "b"); 100]);
    let answer = fixture.send(Signer::new(ADA).post(&many)).await;
    assert_eq!(
        (answer.status, answer.error().0.as_str()),
        (400, "MalformedQueryString")
    );
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_abandoned() {
    let time = std::time::Duration::from_millis(50);
    let fixture = Fixture::with(|config| config.limits.answer_time = time);
    let database = rusqlite::Connection::open(fixture.file()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let parameters = [("Arn", crate::fixture::BRUNO)];
    let action = "GenerateServiceLastAccessedDetails";
    let answer = fixture.call(ADA, action, &parameters).await;
    database.execute_batch("ROLLBACK").unwrap();
    let (code, status, _) = answer.error();
    assert_eq!((code.as_str(), status), ("ServiceUnavailable", 503));
    assert_eq!(answer.get("Type").unwrap(), "Receiver");
}
