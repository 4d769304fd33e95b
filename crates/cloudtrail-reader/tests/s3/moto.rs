//! moto's S3 server, from the repository's `.venv`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.');

pub(crate) struct Moto {
    process: Child,
    address: String,
    log: Receiver<String>,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    /// `None`, with a note, on a machine without the test environment.
    pub(crate) fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = root.join(".venv/bin/python");
        let has_moto = Command::new(&python)
            .args(["-c", "import moto.server"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !has_moto {
            eprintln!("skipped: there is no moto in .venv; cargo xtask test makes it");
            return None;
        }
        let mut process = Command::new(python)
            .args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut moto = Moto {
            process,
            address: String::new(),
            log,
        };
        moto.address = loop {
            let line = moto.log.recv().expect("moto says where it listens");
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        Some(moto)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a bucket, or an object in one.
    pub(crate) fn put(&self, objects: &[(String, Vec<u8>)]) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        for (path, content) in objects {
            self.request(&mut stream, "PUT", path, content);
        }
    }

    /// The prefixes of the listings that were asked for since the last call, sorted.
    pub(crate) fn listings(&self) -> Vec<String> {
        // The log is complete up to a request of our own.
        let mut stream = TcpStream::connect(&self.address).unwrap();
        self.request(&mut stream, "GET", "end-of-the-listings", b"");
        let mut listings = Vec::new();
        loop {
            let line = self.log.recv().unwrap();
            if line.contains("end-of-the-listings") {
                listings.sort();
                return listings;
            }
            if line.contains("list-type=2") {
                let (_, prefix) = line.split_once("prefix=").unwrap();
                listings.push(prefix.split(' ').next().unwrap().replace("%2F", "/"));
            }
        }
    }

    fn request(&self, stream: &mut TcpStream, method: &str, path: &str, content: &[u8]) {
        let path = utf8_percent_encode(path, IN_PATHS);
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/s3/aws4_request\r\n\r\n",
            self.address,
            content.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(content).unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            answer.push(byte[0]);
        }
        let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
        let length: u64 = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        std::io::copy(&mut stream.take(length), &mut std::io::sink()).unwrap();
        if method == "PUT" {
            assert!(answer.starts_with("http/1.1 200"), "{path}: {answer}");
        }
        if answer.contains("connection: close") {
            *stream = TcpStream::connect(&self.address).unwrap();
        }
    }
}
