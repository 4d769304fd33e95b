//! The two requests that are made of S3, signed, repeated with pauses, and told apart by what went
//! wrong.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, ReqwestConnector,
};
use object_store::{
    BackoffConfig, Certificate, ClientOptions, CredentialProvider, HeaderMap, HeaderValue,
    RetryConfig,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::sync::Semaphore;

use super::environment::{HOW_TO_GIVE_CREDENTIALS, Settings};
use super::{S3Object, S3OpenError, S3Options};

/// What went wrong with a request to S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3Fault {
    /// Credentials could not be had.
    #[error("no AWS credentials: {0}")]
    Credentials(String),
    /// S3 refused: its status, and its own code and words.
    #[error("S3 says {status} {code}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Such as `AccessDenied`, `NoSuchBucket`, `SlowDown`; empty when S3 gave none.
        code: String,
        /// What S3 says to it.
        message: String,
    },
    /// The object is not the one of the listing any more.
    #[error("it changed since it was listed")]
    Changed,
    /// No connection, or one that broke before the answer.
    #[error("no connection: {0}")]
    Connection(String),
    /// Nothing came for as long as the options allow.
    #[error("no answer in time")]
    TimedOut,
    /// The body ended before its time.
    #[error("cut off after {taken} of {size} bytes: {reason}")]
    Cut {
        /// How many bytes of what was asked for came.
        taken: u64,
        /// How many were asked for.
        size: u64,
        /// How it ended.
        reason: String,
    },
    /// Not what S3 would say.
    #[error("a malformed answer: {0}")]
    Malformed(String),
}

impl S3Fault {
    /// Whether the same request may succeed later:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    fn passes(&self) -> bool {
        match self {
            S3Fault::Credentials(_) | S3Fault::Changed => false,
            S3Fault::Refused { status, code, .. } => {
                *status >= 500
                    || matches!(*status, 408 | 429)
                    || matches!(
                        code.as_str(),
                        "InternalError" | "RequestTimeout" | "SlowDown" | "Throttling"
                    )
            }
            S3Fault::Connection(_)
            | S3Fault::TimedOut
            | S3Fault::Cut { .. }
            | S3Fault::Malformed(_) => true,
        }
    }

    fn malformed(reason: impl Into<String>) -> Self {
        S3Fault::Malformed(reason.into())
    }

    fn unreadable<E: Error>(error: E) -> Self {
        S3Fault::Malformed(error.to_string())
    }
}

/// A request that failed for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}{}", tried(*.attempts))]
pub struct S3Failure {
    /// What went wrong the last time.
    pub fault: S3Fault,
    /// How often it was tried.
    pub attempts: u32,
}

fn tried(attempts: u32) -> String {
    if attempts == 1 {
        String::new()
    } else {
        format!(" (tried {attempts} times)")
    }
}

/// One page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<S3Object>,
    /// Common prefixes, each with `/` at its end.
    pub(super) folders: Vec<String>,
    /// How to ask for the next page.
    pub(super) next: Option<String>,
}

/// What to list.
pub(super) struct PageQuery<'a> {
    pub(super) prefix: &'a str,
    /// Only down to the next `/`.
    pub(super) one_level: bool,
    /// Only the first key.
    pub(super) first_only: bool,
    pub(super) token: Option<&'a str>,
}

type Credentials = Arc<dyn CredentialProvider<Credential = AwsCredential>>;

/// Asks one bucket.
pub(super) struct Client {
    http: HttpClient,
    /// `None`: requests are not signed.
    credentials: Option<Credentials>,
    bucket: Arc<str>,
    /// Scheme, host and port of a custom endpoint.
    endpoint: Option<String>,
    /// The bucket's, as far as known.
    region: Mutex<String>,
    request_payer: bool,
    retries: u32,
    backoff: Duration,
    backoff_limit: Duration,
    /// One for each request for an object that may be under way.
    reads: Semaphore,
}

/// No answer to a listing is larger: a thousand keys of at most 1,024 bytes, each byte escaped.
const PAGE_LIMIT: usize = 8 << 20;
/// Of an error's document as much as is read.
const ERROR_LIMIT: usize = 64 << 10;
/// RFC 3986's unreserved characters: what a version 4 signature leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Those, and the slashes between a key's folders.
const RESERVED_IN_KEY: &AsciiSet = &RESERVED.remove(b'/');

impl Client {
    pub(super) fn new(bucket: &str, options: &S3Options) -> Result<Self, S3OpenError> {
        let wrong = |setting: &str, reason: String| S3OpenError::Setting {
            setting: setting.to_owned(),
            reason,
        };
        let settings = Settings::read(&options.environment)?;
        let endpoint = options.endpoint.clone().or(settings.endpoint);
        let endpoint = endpoint.map(|text| checked_endpoint(&text)).transpose()?;
        let region = options.region.clone().or(settings.region);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        if !is_region(&region) {
            return Err(wrong("region", format!("{region:?} is no AWS region")));
        }

        let is_plain = endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut http = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_connect_timeout(options.timeout)
            .with_read_timeout(options.timeout)
            // Against servers that keep a request alive byte by byte; a read goes on where it ended.
            .with_timeout(options.timeout.saturating_mul(15));
        if let Some(path) = settings.ca_bundle {
            let name = path.display().to_string();
            let pem = std::fs::read(&path).map_err(|error| wrong(&name, error.to_string()))?;
            let bundle =
                Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&name, chain(&error)))?;
            for certificate in bundle {
                http = http.with_root_certificate(certificate);
            }
        }

        let store = settings
            .builder
            .with_bucket_name(bucket)
            .with_region(&region)
            .with_client_options(http.clone())
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: options.backoff,
                    max_backoff: options.backoff_limit,
                    ..BackoffConfig::default()
                },
                max_retries: options.retries.min(2) as usize,
                ..RetryConfig::default()
            })
            .build()
            .map_err(|error| S3OpenError::NoCredentials(chain(&error)))?;
        Ok(Client {
            http: ReqwestConnector::default()
                .connect(&http)
                .map_err(|error| wrong("HTTP", chain(&error)))?,
            credentials: (!settings.unsigned).then(|| Arc::clone(store.credentials())),
            bucket: bucket.into(),
            endpoint,
            region: Mutex::new(region),
            request_payer: settings.request_payer,
            retries: options.retries,
            backoff: options.backoff,
            backoff_limit: options.backoff_limit,
            reads: Semaphore::new(options.concurrency.max(1)),
        })
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Lists one page, trying as often as the options say.
    pub(super) async fn page(&self, query: &PageQuery<'_>) -> Result<Page, S3Failure> {
        let mut attempts = Attempts::new(self);
        loop {
            match self.page_once(query).await {
                Ok(page) => return Ok(page),
                Err(fault) => attempts.pause_after(fault).await?,
            }
        }
    }

    /// Reads a range of an object, trying as often as the options say, and each time only for what is
    /// still missing.
    pub(super) async fn read(
        &self,
        object: &S3Object,
        range: Range<u64>,
    ) -> Result<Vec<u8>, S3Failure> {
        let mut attempts = Attempts::new(self);
        let mut taken = Vec::with_capacity(as_usize(range.end.saturating_sub(range.start)));
        loop {
            match self.read_once(object, &range, &mut taken).await {
                Ok(()) => return Ok(taken),
                Err(fault) => attempts.pause_after(fault).await?,
            }
        }
    }

    async fn page_once(&self, query: &PageQuery<'_>) -> Result<Page, S3Fault> {
        // Names may hold what XML cannot: S3 escapes them on demand.
        let mut parameters = String::from("?encoding-type=url&list-type=2");
        let mut add = |name: &str, value: &str| {
            parameters.push_str(name);
            parameters.extend(utf8_percent_encode(value, RESERVED));
        };
        if let Some(token) = query.token {
            add("&continuation-token=", token);
        }
        if query.one_level {
            add("&delimiter=", "/");
        }
        if query.first_only {
            add("&max-keys=", "1");
        }
        add("&prefix=", query.prefix);
        let answer = self.send(&parameters, &HeaderMap::new()).await?;
        let body = answer.into_body();
        let body = read_at_most(body, PAGE_LIMIT).await?;
        let page = parse_page(&body, &self.bucket)?;
        if page.next.is_some() && page.next.as_deref() == query.token {
            return Err(S3Fault::malformed("the listing does not advance"));
        }
        Ok(page)
    }

    async fn read_once(
        &self,
        object: &S3Object,
        range: &Range<u64>,
        taken: &mut Vec<u8>,
    ) -> Result<(), S3Fault> {
        let from = range.start + taken.len() as u64;
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| {
            HeaderValue::from_str(value)
                .map(|value| headers.insert(name, value))
                .map_err(S3Fault::unreadable)
        };
        if let Some(etag) = &object.etag {
            add("if-match", etag)?;
        }
        if from > 0 || range.end < object.size {
            add("range", &format!("bytes={from}-{}", range.end - 1))?;
        }
        let path: String = utf8_percent_encode(&object.key, RESERVED_IN_KEY).collect();
        let _under_way = self.reads.acquire().await;
        let answer = self.send(&format!("/{path}"), &headers).await?;

        if let (Some(listed), Some(sent)) = (&object.etag, text_of(answer.headers(), "etag"))
            && listed != sent
        {
            return Err(S3Fault::Changed);
        }
        let (first, total) = match answer.status().as_u16() {
            206 => text_of(answer.headers(), "content-range")
                .and_then(content_range)
                .ok_or_else(|| S3Fault::malformed("a part without its place"))?,
            _ => {
                let length = text_of(answer.headers(), "content-length");
                (0, length.and_then(|length| length.parse().ok()))
            }
        };
        if total.is_some_and(|total| total != object.size) {
            return Err(S3Fault::Changed);
        }
        let mut skip = from
            .checked_sub(first)
            .ok_or_else(|| S3Fault::malformed("another part than was asked for"))?;

        let size = range.end - range.start;
        let mut body = answer.into_body().bytes_stream();
        while (taken.len() as u64) < size {
            let chunk = match body.next().await {
                Some(Ok(chunk)) => chunk,
                end => {
                    let reason = match end {
                        Some(Err(error)) if error.kind() == HttpErrorKind::Timeout => {
                            "no more came in time".to_owned()
                        }
                        Some(Err(error)) => chain(&error),
                        _ => "the answer ended".to_owned(),
                    };
                    return Err(S3Fault::Cut {
                        taken: taken.len() as u64,
                        size,
                        reason,
                    });
                }
            };
            let skipped = skip.min(chunk.len() as u64);
            skip -= skipped;
            let wanted = size - taken.len() as u64;
            let chunk = chunk.get(as_usize(skipped)..).unwrap_or_default();
            let end = chunk.len().min(as_usize(wanted));
            taken.extend_from_slice(chunk.get(..end).unwrap_or_default());
        }
        Ok(())
    }

    /// Sends a GET for what follows the bucket's address. When S3 says that the bucket is in another
    /// region, it is asked there.
    async fn send(&self, target: &str, headers: &HeaderMap) -> Result<HttpResponse, S3Fault> {
        let mut has_moved = false;
        loop {
            let region = self.region();
            let answer = self.send_to(&region, target, headers).await?;
            let status = answer.status();
            if status.is_success() {
                return Ok(answer);
            }
            let said = text_of(answer.headers(), "x-amz-bucket-region");
            if let Some(said) = said
                && said != region
                && is_region(said)
                && !has_moved
            {
                *self.region.lock().unwrap_or_else(PoisonError::into_inner) = said.to_owned();
                has_moved = true;
                continue;
            }
            let body = read_at_most(answer.into_body(), ERROR_LIMIT).await;
            let (code, message) = parse_error(&body.unwrap_or_default());
            return Err(match status.as_u16() {
                412 => S3Fault::Changed,
                status => S3Fault::Refused {
                    status,
                    code,
                    message,
                },
            });
        }
    }

    async fn send_to(
        &self,
        region: &str,
        target: &str,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, S3Fault> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.headers_mut() = headers.clone();
        *request.uri_mut() = format!("{}{target}", self.address(region))
            .parse()
            .map_err(S3Fault::unreadable)?;
        if let Some(credentials) = &self.credentials {
            let credential = credentials.get_credential().await.map_err(|error| {
                S3Fault::Credentials(format!("{}; {HOW_TO_GIVE_CREDENTIALS}", chain(&error)))
            })?;
            check(&credential)?;
            AwsAuthorizer::new(&credential, "s3", region)
                .with_request_payer(self.request_payer)
                .try_authorize(&mut request, None)
                .map_err(|error| S3Fault::Credentials(chain(&error)))?;
        }
        self.http
            .execute(request)
            .await
            .map_err(|error| transport(&error))
    }

    fn region(&self) -> String {
        let region = self.region.lock();
        region.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the bucket is: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
    fn address(&self, region: &str) -> String {
        let bucket = &self.bucket;
        if let Some(endpoint) = &self.endpoint {
            return format!("{endpoint}/{bucket}");
        }
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        // No certificate covers a bucket with dots in its name.
        if bucket.contains(['.', '_']) {
            format!("https://s3.{region}.amazonaws.com{china}/{bucket}")
        } else {
            format!("https://{bucket}.s3.{region}.amazonaws.com{china}")
        }
    }
}

/// Counts attempts and pauses between them.
struct Attempts<'a> {
    client: &'a Client,
    made: u32,
    pause: Duration,
}

impl<'a> Attempts<'a> {
    fn new(client: &'a Client) -> Self {
        Attempts {
            client,
            made: 0,
            pause: client.backoff,
        }
    }

    /// Pauses before the next attempt, or gives up.
    async fn pause_after(&mut self, fault: S3Fault) -> Result<(), S3Failure> {
        self.made += 1;
        if !fault.passes() || self.made > self.client.retries {
            return Err(S3Failure {
                fault,
                attempts: self.made,
            });
        }
        // Between a half and the whole, so that requests refused together do not come back together.
        let share = RandomState::new().hash_one(self.made) % 512 + 512;
        let pause = self.pause.min(self.client.backoff_limit);
        tokio::time::sleep(pause.mul_f64(share as f64 / 1024.0)).await;
        self.pause = self.pause.saturating_mul(2);
        Ok(())
    }
}

fn transport(error: &HttpError) -> S3Fault {
    match error.kind() {
        HttpErrorKind::Timeout => S3Fault::TimedOut,
        _ => S3Fault::Connection(chain(error)),
    }
}

/// An error with its causes, each said once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The signer takes what cannot stand in a header for a fault of the program.
fn check(credential: &AwsCredential) -> Result<(), S3Fault> {
    let parts = [
        Some(&credential.key_id),
        Some(&credential.secret_key),
        credential.token.as_ref(),
    ];
    for part in parts.into_iter().flatten() {
        if !part.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(S3Fault::Credentials(
                "the access key, its secret or the session token holds a space or a control character"
                    .into(),
            ));
        }
    }
    Ok(())
}

fn checked_endpoint(text: &str) -> Result<String, S3OpenError> {
    let wrong = |reason: String| S3OpenError::Setting {
        setting: "endpoint".into(),
        reason: format!("{text:?}: {reason}"),
    };
    let url = url::Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("neither http://host nor https://host".into()));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("more than scheme, host, port and path".into()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_region(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (2..=63).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The first byte and the object's size in `bytes 0-9/100`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.parse().ok()?, total.parse().ok()))
}

fn as_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

async fn read_at_most(body: HttpResponseBody, limit: usize) -> Result<Vec<u8>, S3Fault> {
    let mut body = body.bytes_stream();
    let mut taken = Vec::new();
    while let Some(chunk) = body.next().await {
        taken.extend_from_slice(&chunk.map_err(|error| transport(&error))?);
        if taken.len() > limit {
            return Err(S3Fault::malformed("the answer is too long"));
        }
    }
    Ok(taken)
}

fn child<'a>(node: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.has_tag_name_any(name))?;
    Some(child.text().unwrap_or_default())
}

/// Names of any namespace: S3's documents have one, those of some compatible servers do not.
trait LocalName {
    fn has_tag_name_any(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_any(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
fn parse_page(body: &[u8], bucket: &Arc<str>) -> Result<Page, S3Fault> {
    let text = std::str::from_utf8(body).map_err(S3Fault::unreadable)?;
    let document = roxmltree::Document::parse(text).map_err(S3Fault::unreadable)?;
    let root = document.root_element();
    if !root.has_tag_name_any("ListBucketResult") {
        // Under load S3 says errors with status 200 too.
        let (code, message) = parse_error(body);
        return Err(S3Fault::malformed(format!("no listing {code} {message}")));
    }
    let is_escaped = child(root, "EncodingType") == Some("url");
    let decode = |name: &str| -> Result<String, S3Fault> {
        if !is_escaped {
            return Ok(name.to_owned());
        }
        let name = name.replace('+', " ");
        let name = percent_decode_str(&name).decode_utf8();
        Ok(name.map_err(S3Fault::unreadable)?.into_owned())
    };
    let need = |node, name: &'static str| {
        child(node, name).ok_or_else(|| S3Fault::malformed(format!("there is no {name}")))
    };
    let mut page = Page {
        objects: Vec::new(),
        folders: Vec::new(),
        next: None,
    };
    for node in root.children() {
        if node.has_tag_name_any("Contents") {
            let written = need(node, "LastModified")?;
            page.objects.push(S3Object {
                bucket: Arc::clone(bucket),
                key: decode(need(node, "Key")?)?,
                size: need(node, "Size")?.parse().map_err(S3Fault::unreadable)?,
                etag: child(node, "ETag").map(str::to_owned),
                last_modified: DateTime::parse_from_rfc3339(written)
                    .map_err(S3Fault::unreadable)?
                    .with_timezone(&Utc),
            });
        } else if node.has_tag_name_any("CommonPrefixes") {
            page.folders.push(decode(need(node, "Prefix")?)?);
        }
    }
    if child(root, "IsTruncated") == Some("true") {
        page.next = Some(need(root, "NextContinuationToken")?.to_owned());
    }
    Ok(page)
}

/// S3's code and message, empty where the document has none.
fn parse_error(body: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    let Ok(document) = roxmltree::Document::parse(&text) else {
        return Default::default();
    };
    let part = |name| child(document.root_element(), name).unwrap_or_default();
    (part("Code").to_owned(), part("Message").to_owned())
}
