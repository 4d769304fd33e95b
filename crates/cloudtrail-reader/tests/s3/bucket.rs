//! A bucket on loopback that answers as S3 does, except where the test wants a fault.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The key, empty for a listing.
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
    /// By names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Request {
    pub(crate) fn is_list(&self) -> bool {
        self.key.is_empty()
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.query["prefix"]
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub(crate) enum Reply {
    Whole(Answer),
    /// So many bytes of the body, then the end of the connection.
    Cut(Answer, usize),
    /// Nothing, for as long as the client stays.
    Silence,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        Answer::new(
            status,
            format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Told to.</Message></Error>"
            ),
        )
    }
}

/// Decides on a request, knowing how many with the same target came before. `None`: as S3 does.
type Fault = dyn Fn(&Request, usize, &mut Objects) -> Option<Reply> + Send + Sync;

struct State {
    objects: Mutex<Objects>,
    page_size: usize,
    requests: Mutex<Vec<Request>>,
    asked: Mutex<HashMap<String, usize>>,
    fault: Box<Fault>,
}

pub(crate) struct Bucket {
    pub(crate) endpoint: String,
    state: Arc<State>,
}

impl Bucket {
    pub(crate) fn start(
        objects: Objects,
        page_size: usize,
        fault: impl Fn(&Request, usize, &mut Objects) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            objects: Mutex::new(objects),
            page_size,
            requests: Mutex::default(),
            asked: Mutex::default(),
            fault: Box::new(fault),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || state.serve(stream));
            }
        });
        Bucket { endpoint, state }
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if !matches!(stream.read(&mut byte), Ok(1)) {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let request = Request {
            key: decode(
                path.strip_prefix("/bucket")
                    .unwrap_or(path)
                    .trim_start_matches('/'),
            ),
            query: query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        };
        self.requests.lock().unwrap().push(request.clone());
        let before = {
            let mut asked = self.asked.lock().unwrap();
            let asked = asked.entry(target).or_default();
            *asked += 1;
            *asked - 1
        };
        let reply = {
            let mut objects = self.objects.lock().unwrap();
            (self.fault)(&request, before, &mut objects)
                .unwrap_or_else(|| Reply::Whole(answer(&request, &objects, self.page_size)))
        };
        let (answer, sent) = match reply {
            Reply::Whole(answer) => {
                let sent = answer.body.len();
                (answer, sent)
            }
            Reply::Cut(answer, sent) => (answer, sent),
            Reply::Silence => {
                let _ = stream.read(&mut byte);
                return;
            }
        };
        let mut text = format!(
            "HTTP/1.1 {} -\r\nConnection: close\r\nContent-Length: {}\r\n",
            answer.status,
            answer.body.len()
        );
        for (name, value) in &answer.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.write_all(&answer.body[..sent]);
    }
}

fn etag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("\"{:x}\"", hasher.finish())
}

/// What S3 would answer.
pub(crate) fn answer(request: &Request, objects: &Objects, page_size: usize) -> Answer {
    if request.is_list() {
        list(request, objects, page_size)
    } else {
        get(request, objects)
    }
}

fn get(request: &Request, objects: &Objects) -> Answer {
    let Some(content) = objects.get(&request.key) else {
        return Answer::error(404, "NoSuchKey");
    };
    if request.headers.contains_key("if-match") && request.header("if-match") != etag(content) {
        return Answer::error(412, "PreconditionFailed");
    }
    let mut answer = Answer::new(200, content.clone());
    answer.headers.push(("ETag", etag(content)));
    if let Some(range) = request.header("range").strip_prefix("bytes=") {
        let (first, last) = range.split_once('-').unwrap();
        let (first, last) = (
            first.parse::<usize>().unwrap(),
            last.parse::<usize>().unwrap(),
        );
        let place = format!("bytes {first}-{last}/{}", content.len());
        answer.status = 206;
        answer.headers.push(("Content-Range", place));
        answer.body = content[first..=last].to_vec();
    }
    answer
}

fn list(request: &Request, objects: &Objects, page_size: usize) -> Answer {
    let prefix = request.prefix();
    let one_level = request.query.contains_key("delimiter");
    let page_size = match request.query.get("max-keys") {
        Some(most) => most.parse().unwrap(),
        None => page_size,
    };
    let after = request.query.get("continuation-token");
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for (key, content) in objects.range(prefix.to_owned()..) {
        let Some(rest) = key.strip_prefix(prefix) else {
            break;
        };
        let folder = rest
            .find('/')
            .filter(|_| one_level)
            .map(|end| format!("{prefix}{}", &rest[..=end]));
        let name = folder.clone().unwrap_or_else(|| key.clone());
        if after.is_some_and(|after| name <= *after) || !seen.insert(name.clone()) {
            continue;
        }
        let text = match folder {
            Some(folder) => format!(
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                escape(&folder)
            ),
            None => format!(
                "<Contents><Key>{}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size></Contents>",
                escape(key),
                etag(content).replace('"', "&quot;"),
                content.len()
            ),
        };
        entries.push((name, text));
    }
    let mut more = String::new();
    if entries.len() > page_size {
        entries.truncate(page_size);
        let last = entries.last().unwrap().0.replace('&', "&amp;");
        more = format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        );
    }
    let entries: String = entries.into_iter().map(|(_, text)| text).collect();
    Answer::new(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <EncodingType>url</EncodingType>{more}{entries}</ListBucketResult>"
        ),
    )
}
