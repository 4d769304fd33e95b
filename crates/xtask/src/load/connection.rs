//! HTTP/1.1 with keep-alive over one loopback connection. Supports what the server's answers use.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use crate::load::signer::{CONTENT_TYPE, Signer};

/// The longest wait for an answer: longer than the server's own limit.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// Longer than any answer of the mix.
const LONGEST_BODY: usize = 64 << 20;

/// A persistent connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    request: String,
    line: String,
    body: Vec<u8>,
}

/// An answer. Its body borrows the connection's buffer until the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_within(address, LONGEST_WAIT)
    }

    /// Opens a connection that waits this long for each step.
    pub(crate) fn open_within(address: SocketAddr, wait: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, wait)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(wait))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            host: address.to_string(),
            request: String::new(),
            line: String::new(),
            body: Vec::new(),
        })
    }

    /// Sends a form, signed with the current time.
    pub(crate) fn post(&mut self, signer: &mut Signer, form: &str) -> io::Result<Answer<'_>> {
        let host = &self.host;
        let signed = signer.sign(SystemTime::now().into(), host, CONTENT_TYPE, form);
        self.request.clear();
        // Writing to a string cannot fail.
        let _ = write!(
            self.request,
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {CONTENT_TYPE}\r\n\
             X-Amz-Date: {}\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{form}",
            signed.date,
            signed.authorization,
            form.len()
        );
        self.exchange()
    }

    /// Requests a path that needs no signature.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer<'_>> {
        self.request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.exchange()
    }

    fn exchange(&mut self) -> io::Result<Answer<'_>> {
        self.stream.get_mut().write_all(self.request.as_bytes())?;
        let status_line = self.line()?;
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse::<u16>().ok())
            .ok_or_else(|| broken("not an HTTP/1.1 answer"))?;
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let length = length
            .filter(|length| *length <= LONGEST_BODY)
            .ok_or_else(|| broken("an answer without a usable Content-Length"))?;
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        let body = std::str::from_utf8(&self.body).map_err(|_| broken("a body not in UTF-8"))?;
        Ok(Answer { status, body })
    }

    /// The next line of the head, without its line break.
    fn line(&mut self) -> io::Result<&str> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.line.trim_end())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The text of the first element with this name: `<name>text</name>`.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn one_connection_for_several_requests() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            for body in ["first", ""] {
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    stream.read_line(&mut line).unwrap();
                }
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 203 Fine\r\nA: b\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(address).unwrap();
        for expected in ["first", ""] {
            let answer = connection.get("/").unwrap();
            assert_eq!((answer.status, answer.body), (203, expected));
        }
        server.join().unwrap();
        assert!(connection.get("/").is_err());
    }

    #[test]
    fn elements() {
        let xml = "<a><Marker>x=</Marker><JobStatus>COMPLETED</JobStatus></a>";
        assert_eq!(element(xml, "Marker"), Some("x="));
        assert_eq!(element(xml, "JobStatus"), Some("COMPLETED"));
        assert_eq!(element(xml, "Mark"), None);
    }
}
