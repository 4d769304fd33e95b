//! Signed requests that are changed, and requests that nobody signed. The signer shares no code with the verifier.

use std::fmt::Write as _;
use std::sync::LazyLock;

use advisor_core::Caller;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request};
use hmac::{Hmac, KeyInit, Mac};
use iam_api::Credentials;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::sample;
use crate::service::Service;

const KEYS: &str = r#"
[[credential]]
access_key_id = "AKIAEXAMPLE"
secret_access_key = "never guessed by a fuzzer"
arn = "arn:aws:iam::111122223333:user/ann"

[[credential]]
access_key_id = "ASIAEXAMPLE"
secret_access_key = "nor is this one"
session_token = "tok+en/=="
arn = "arn:aws:sts::111122223333:assumed-role/r/s"
"#;

/// An access key id, its secret, and the session token.
type Key = (&'static str, &'static str, Option<&'static str>);
const OF_USER: Key = ("AKIAEXAMPLE", "never guessed by a fuzzer", None);
const OF_SESSION: Key = ("ASIAEXAMPLE", "nor is this one", Some("tok+en/=="));

const HOST: &str = "127.0.0.1:8787";
const SCOPE: &str = "20261101/us-east-1/iam/aws4_request";
const TIME: &str = "20261101T000000Z";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Texts that changes insert.
const SNIPPETS: [&str; 14] = [
    "\n",
    "\nhost: localhost",
    "\nx-amz-date: 20261101T000001Z",
    "\nx-amz-security-token: t",
    "\nx-amz-content-sha256: UNSIGNED-PAYLOAD",
    "\ncontent-type: text/plain",
    "\ndate: Sun, 01 Nov 2026 00:00:00 GMT",
    "\nauthorization: AWS4-HMAC-SHA256 ",
    "&Action=ListRoles",
    "&X-Amz-Expires=604800",
    "&X-Amz-Signature=",
    "&X-Amz-SignedHeaders=host",
    "Credential=ASIAEXAMPLE",
    "%00",
];

static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let caller = Caller::from_arn(sample::ANN, OF_USER.0).unwrap();
    Service::new(&caller, Some(Credentials::parse(KEYS).unwrap()))
});

/// The texts of validly signed requests, all of which are answered.
static SIGNED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let list = "Action=ListUsers&Version=2010-05-08";
    let page = "Action=ListUsers&MaxItems=1&PathPrefix=%2Fteam%2F&Version=2010-05-08";
    let of_one = "Action=GetUser&UserName=ann&Version=2010-05-08";
    let texts = [
        posted(OF_USER, page),
        posted(OF_SESSION, of_one),
        presigned(OF_USER, list),
        presigned(OF_SESSION, page),
        got(OF_USER, of_one),
        got(OF_SESSION, list),
    ];
    for text in &texts {
        let request = parse(text.as_bytes()).unwrap();
        assert_eq!(SERVICE.ask(request).0, 200, "{text}");
    }
    texts.map(String::into_bytes).to_vec()
});

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn signature((_, secret, _): Key, canonical: &str) -> String {
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let hashed = hex(&Sha256::digest(canonical));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in SCOPE.split('/') {
        key = mac(&key, part);
    }
    let to_sign = format!("AWS4-HMAC-SHA256\n{TIME}\n{SCOPE}\n{hashed}");
    hex(&mac(&key, &to_sign))
}

/// A request that is signed in its header. The parameters are sorted.
fn in_header(key: Key, first: &str, query: &str, form: Option<&str>) -> String {
    let mut headers = String::new();
    let mut names = vec!["host", "x-amz-date"];
    if form.is_some() {
        names.insert(0, "content-type");
        writeln!(headers, "content-type:{FORM}").unwrap();
    }
    write!(headers, "host:{HOST}\nx-amz-date:{TIME}\n").unwrap();
    if let Some(token) = key.2 {
        names.push("x-amz-security-token");
        writeln!(headers, "x-amz-security-token:{token}").unwrap();
    }
    let names = names.join(";");
    let body = form.unwrap_or_default();
    let (method, _) = first.split_once(' ').unwrap();
    let hashed = hex(&Sha256::digest(body));
    let canonical = format!("{method}\n/\n{query}\n{headers}\n{names}\n{hashed}");
    let signature = signature(key, &canonical);
    format!(
        "{first}\n{headers}authorization: AWS4-HMAC-SHA256 Credential={}/{SCOPE}, SignedHeaders={names}, \
         Signature={signature}\n\n{body}",
        key.0
    )
}

fn posted(key: Key, form: &str) -> String {
    in_header(key, "POST /", "", Some(form))
}

fn got(key: Key, query: &str) -> String {
    in_header(key, &format!("GET /?{query}"), query, None)
}

fn presigned(key: Key, parameters: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let credential = encode(&format!("{}/{SCOPE}", key.0));
    let mut query = format!(
        "{parameters}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={TIME}&X-Amz-Expires=900"
    );
    if let Some(token) = key.2 {
        write!(query, "&X-Amz-Security-Token={}", encode(token)).unwrap();
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    let nothing = hex(&Sha256::digest(""));
    let canonical = format!("GET\n/\n{query}\nhost:{HOST}\n\nhost\n{nothing}");
    let signature = signature(key, &canonical);
    format!("GET /?{query}&X-Amz-Signature={signature}\nhost: {HOST}\n\n")
}

/// The request of a text: method and target, headers, an empty line, the body.
fn parse(text: &[u8]) -> Option<Request<Body>> {
    let end = text.windows(2).position(|two| two == b"\n\n")?;
    let (head, body) = text.split_at(end);
    let mut lines = std::str::from_utf8(head).ok()?.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    for line in lines.take(40) {
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value.trim_matches([' ', '\t']));
    }
    let body = body.get(2..).unwrap_or_default().to_vec();
    request.body(Body::from(body)).ok()
}

/// What a server may act upon in a request.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    method: String,
    path: String,
    /// Decoded and sorted, without the signature.
    query: Vec<(String, String)>,
    /// The host and all headers whose name starts with `x-amz-`.
    headers: Vec<(String, String)>,
    content_type: Option<String>,
    body: Vec<u8>,
}

impl Meaning {
    fn of(text: &[u8]) -> Option<Self> {
        let request = parse(text)?;
        let (head, _) = request.into_parts();
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let query = head.uri.query().unwrap_or_default().split('&');
        let mut query: Vec<_> = query
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .filter(|(name, _)| name != "X-Amz-Signature")
            .collect();
        query.sort();
        let names = head.headers.keys().map(HeaderName::as_str);
        let mut names: Vec<&str> = names
            .filter(|name| *name == "host" || name.starts_with("x-amz-"))
            .collect();
        names.sort_unstable();
        let headers = names
            .into_iter()
            .map(|name| (name.to_owned(), joined(&head.headers, name)))
            .collect();
        let end = text.windows(2).position(|two| two == b"\n\n")?;
        let body = text.get(end + 2..).unwrap_or_default().to_vec();
        // It says nothing about a body that is empty.
        let content_type = (!body.is_empty()).then(|| joined(&head.headers, "content-type"));
        Some(Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query,
            headers,
            content_type,
            body,
        })
    }
}

/// The values of a header, with single spaces.
fn joined(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<String> = values
        .map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
            words.join(" ")
        })
        .collect();
    values.join(",")
}

/// A signed request with changes: it is answered only if it still says the same.
pub(crate) fn signed_request(data: &[u8]) {
    let mut input = Input(data);
    let signed = input.of(&SIGNED);
    let mut text = signed.clone();
    for _ in 0..8 {
        if input.is_empty() {
            break;
        }
        change(&mut text, &mut input);
    }
    let Some(request) = parse(&text) else {
        return;
    };
    if is_for_everybody(&request) {
        return;
    }
    let (status, _) = SERVICE.ask(request);
    if status == 200 {
        assert_eq!(Meaning::of(&text), Meaning::of(signed));
    } else {
        assert!((400..500).contains(&status), "{status}");
        assert!(text != *signed, "{status}");
    }
}

fn change(text: &mut Vec<u8>, input: &mut Input<'_>) {
    let place = usize::from(u16::from_le_bytes(input.array())) % text.len().max(1);
    let line = |text: &[u8]| {
        let start = text.get(..place).unwrap_or_default();
        let start = start.iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(0, |start| start + 1);
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n');
        start..start + end.map_or(rest.len(), |end| end + 1)
    };
    match input.byte() % 7 {
        0 => {
            if let Some(byte) = text.get_mut(place) {
                *byte = input.byte();
            }
        }
        1 => {
            if let Some(byte) = text.get_mut(place) {
                *byte ^= 1 << (input.byte() % 8);
            }
        }
        2 => drop(text.splice(place..place, input.bytes().iter().copied())),
        3 => {
            let end = (place + usize::from(input.byte())).min(text.len());
            text.drain(place..end);
        }
        4 => drop(text.splice(place..place, input.of(&SNIPPETS).bytes())),
        5 => drop(text.drain(line(text))),
        _ => {
            let line = line(text);
            let again = text.get(line.clone()).unwrap_or_default().to_vec();
            text.splice(line.end..line.end, again);
        }
    }
}

/// A presigned query. Nothing gets in without a signature.
pub(crate) fn presigned_query(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else {
        return;
    };
    let request = Request::get(format!("/?{query}")).header("host", HOST);
    if let Ok(request) = request.body(Body::empty()) {
        let (status, _) = SERVICE.ask(request);
        assert!((400..500).contains(&status), "{status}");
    }
}

/// `/healthz` and `/metrics`.
fn is_for_everybody(request: &Request<Body>) -> bool {
    ["/healthz", "/metrics"].contains(&request.uri().path())
}
