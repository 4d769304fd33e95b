//! The two requests made to S3, `ListObjectsV2` and `GetObject`: signed, and repeated with pauses.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, CredentialProvider, HeaderMap, HeaderValue,
    RetryConfig,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use crate::source::file::read_within;
use crate::source::s3::environment::Settings;
use crate::source::s3::error::{S3Failure, S3Fault, S3OpenError};
use crate::source::s3::object::S3Object;
use crate::source::s3::options::S3Options;
use crate::source::s3::page::{Page, PageQuery, parse_error, parse_page};

type Credentials = Arc<dyn CredentialProvider<Credential = AwsCredential>>;

/// Makes requests to one bucket.
pub(super) struct Client {
    http: HttpClient,
    /// `None`: requests are not signed.
    credentials: Option<Credentials>,
    bucket: Arc<str>,
    /// Scheme, host and port of a custom endpoint.
    endpoint: Option<String>,
    /// The Region of the bucket, as far as known.
    region: Mutex<String>,
    request_payer: bool,
    retries: u32,
    backoff: Duration,
    backoff_limit: Duration,
    /// Bounds the concurrent requests for objects.
    reads: Semaphore,
}

const USER_AGENT: &str = concat!("access-advisor/", env!("CARGO_PKG_VERSION"));
/// A request may take so many times the timeout. This is against servers that keep a request alive byte by byte; a read resumes
/// where it ended.
const REQUEST_TIMEOUTS: u32 = 15;
/// The largest response to a listing: a thousand keys of at most 1,024 bytes, each byte escaped.
const PAGE_LIMIT: usize = 8 << 20;
/// The most bytes of a file of certificates.
const CA_BUNDLE_LIMIT: usize = 16 << 20;
/// How much of an error document is read.
const ERROR_LIMIT: usize = 64 << 10;
/// Everything but the unreserved characters of RFC 3986, which a version 4 signature does not escape.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same without the slashes of a key.
const RESERVED_IN_KEY: &AsciiSet = &RESERVED.remove(b'/');

/// Makes clients that follow no redirect: it would take the signature, the session token or the role's token to whatever
/// host the server names. Also used for the requests for credentials.
#[derive(Debug)]
struct Connector {
    certificates: Vec<reqwest::Certificate>,
    timeout: Duration,
}

/// How long connecting to an endpoint of the machine for credentials may take.
const LOCAL_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

impl Connector {
    fn client(&self, allow_http: bool, connect_timeout: Duration) -> reqwest::Result<HttpClient> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .tls_certs_merge(self.certificates.iter().cloned())
            .https_only(!allow_http)
            .connect_timeout(connect_timeout)
            .read_timeout(self.timeout)
            .timeout(self.timeout.saturating_mul(REQUEST_TIMEOUTS))
            .build()?;
        Ok(HttpClient::new(client))
    }
}

/// A client for credentials: `object_store` collects the bodies of answers without a limit.
#[derive(Debug)]
struct BoundedAnswers(HttpClient);

/// The largest answer with credentials.
const CREDENTIALS_LIMIT: usize = 1 << 20;

impl HttpService for BoundedAnswers {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (head, body) = self.0.execute(request).await?.into_parts();
            let body = read_at_most(body, CREDENTIALS_LIMIT)
                .await
                .map_err(|fault| HttpError::new(HttpErrorKind::Decode, fault))?;
            Ok(HttpResponse::from_parts(head, body.into()))
        })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // Only the endpoints of a container or an instance are asked without TLS.
        let is_local = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = if is_local.as_deref() == Some("true") {
            self.client(true, LOCAL_CONNECT_TIMEOUT.min(self.timeout))
        } else {
            self.client(false, self.timeout)
        };
        let client = client.map(|client| HttpClient::new(BoundedAnswers(client)));
        client.map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })
    }
}

impl Client {
    pub(super) fn new(bucket: &str, options: &S3Options) -> Result<Self, S3OpenError> {
        let settings = Settings::read(&options.environment)?;
        let endpoint = options.endpoint.clone().or(settings.endpoint);
        let endpoint = endpoint.map(|text| checked_endpoint(&text)).transpose()?;
        let region = options.region.clone().or(settings.region);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        if !is_region(&region) {
            let reason = format!("{region:?} is not an AWS Region");
            return Err(S3OpenError::setting("region", reason));
        }

        let is_plain = endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut certificates = Vec::new();
        if let Some(path) = settings.ca_bundle {
            let name = path.display().to_string();
            let pem = read_within(&path, CA_BUNDLE_LIMIT)
                .map_err(|error| S3OpenError::setting(&name, error))?;
            certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| S3OpenError::setting(&name, error))?;
        }
        let connector = Connector {
            certificates,
            timeout: options.timeout,
        };
        let http = (connector.client(is_plain, options.timeout))
            .map_err(|error| S3OpenError::Client(error.into()))?;

        let store = settings
            .builder
            .with_bucket_name(bucket)
            .with_region(&region)
            .with_http_connector(connector)
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
            .map_err(|error| S3OpenError::InvalidCredentials(error.into()))?;
        Ok(Client {
            http,
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

    /// Lists one page, with retries.
    pub(super) async fn page(&self, query: &PageQuery<'_>) -> Result<Page, S3Failure> {
        let mut attempts = Attempts::new(self);
        loop {
            match self.page_once(query).await {
                Ok(page) => return Ok(page),
                Err(fault) => attempts.pause_after(fault).await?,
            }
        }
    }

    /// Reads a range of an object, with retries. Each retry asks only for the missing bytes.
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
        // Keys can have characters that XML cannot: S3 escapes them on request.
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
        parse_page(&body, &self.bucket)
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
                .map_err(S3Fault::malformed)
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
                    return Err(S3Fault::Cut {
                        taken: taken.len() as u64,
                        size,
                        cause: end
                            .and_then(Result::err)
                            .map(|error| Box::new(transport(error))),
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

    /// Sends a GET for a path below the bucket's address. Follows S3 to the Region of the bucket.
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
            if status.is_redirection()
                && let Some(location) = text_of(answer.headers(), "location")
            {
                let location = location.to_owned();
                return Err(S3Fault::Redirected { location });
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
            .map_err(invalid_request)?;
        if let Some(credentials) = &self.credentials {
            let credential = credentials
                .get_credential()
                .await
                .map_err(|error| S3Fault::NoCredentials(Arc::new(error)))?;
            check(&credential)?;
            AwsAuthorizer::new(&credential, "s3", region)
                .with_request_payer(self.request_payer)
                .try_authorize(&mut request, None)
                .map_err(invalid_request)?;
        }
        self.http.execute(request).await.map_err(transport)
    }

    fn region(&self) -> String {
        let region = self.region.lock();
        region.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the address of the bucket: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
    fn address(&self, region: &str) -> String {
        let bucket = &self.bucket;
        if let Some(endpoint) = &self.endpoint {
            return format!("{endpoint}/{bucket}");
        }
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        // No certificate covers bucket names with dots.
        if bucket.contains(['.', '_']) {
            format!("https://s3.{region}.amazonaws.com{china}/{bucket}")
        } else {
            format!("https://{bucket}.s3.{region}.amazonaws.com{china}")
        }
    }
}

/// Counts attempts, and waits between them.
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

    /// Waits before the next attempt, or gives up.
    async fn pause_after(&mut self, fault: S3Fault) -> Result<(), S3Failure> {
        self.made += 1;
        if !fault.passes() || self.made > self.client.retries {
            return Err(S3Failure {
                fault,
                attempts: self.made,
            });
        }
        // Between half and all of the pause, so that requests refused together are not repeated together.
        let share = RandomState::new().hash_one(self.made) % 512 + 512;
        let pause = self.pause.min(self.client.backoff_limit);
        tokio::time::sleep(pause.mul_f64(share as f64 / 1024.0)).await;
        self.pause = self.pause.saturating_mul(2);
        Ok(())
    }
}

fn invalid_request(error: impl Error + Send + Sync + 'static) -> S3Fault {
    S3Fault::InvalidRequest(Arc::new(error))
}

fn transport(error: HttpError) -> S3Fault {
    match error.kind() {
        HttpErrorKind::Timeout => S3Fault::TimedOut,
        _ => S3Fault::Connection(Arc::new(error)),
    }
}

/// Checks that credentials can stand in a header: the signer panics otherwise.
fn check(credential: &AwsCredential) -> Result<(), S3Fault> {
    let parts = [
        Some(&credential.key_id),
        Some(&credential.secret_key),
        credential.token.as_ref(),
    ];
    for part in parts.into_iter().flatten() {
        if !part.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(S3Fault::InvalidCredentials);
        }
    }
    Ok(())
}

fn checked_endpoint(text: &str) -> Result<String, S3OpenError> {
    let setting = || format!("endpoint {text:?}");
    let url = url::Url::parse(text).map_err(|error| S3OpenError::setting(setting(), error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let reason = "neither http://host nor https://host";
        return Err(S3OpenError::setting(setting(), reason));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        let reason = "more than scheme, host, port and path";
        return Err(S3OpenError::setting(setting(), reason));
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

/// Parses the first byte and the object's size from `bytes 0-9/100`.
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
        taken.extend_from_slice(&chunk.map_err(transport)?);
        if taken.len() > limit {
            return Err(S3Fault::malformed("the answer is too long"));
        }
    }
    Ok(taken)
}
