//! The page around the data.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Built from `web/src` by `cargo xtask web`.
const SCRIPT: &str = include_str!("../web/built/report.js");
const SERVED_SCRIPT: &str = include_str!("../web/built/ui.js");
const STYLE: &str = include_str!("../web/built/style.css");

/// Writes what stands before the data.
pub(crate) fn write_start(writer: &mut dyn Write, title: &str) -> io::Result<()> {
    let title = escape(title);
    let (script, style) = (hash(SCRIPT), hash(STYLE));
    // Nothing is loaded, sent or run but what is in the file: data of an account stays inert, whatever it contains.
    write!(
        writer,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <div id=\"app\"><p class=\"loading\">Opening the report ...</p></div>\n\
         <noscript><p>This report needs JavaScript. Nothing is loaded from anywhere: all of it is in this file.</p></noscript>\n"
    )
}

/// Writes what stands after the data.
pub(crate) fn write_end(writer: &mut dyn Write) -> io::Result<()> {
    write!(writer, "<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// The page that a server shows at `/ui`: it signs people in, and asks the server for everything else. The same for everybody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServedPage {
    /// The page.
    pub html: String,
    /// The value of the `Content-Security-Policy` header that it is sent with.
    pub security_policy: String,
}

impl Default for ServedPage {
    fn default() -> Self {
        Self::new()
    }
}

impl ServedPage {
    /// Makes the page.
    #[must_use]
    pub fn new() -> Self {
        let security_policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(SERVED_SCRIPT),
            hash(STYLE)
        );
        // Without an icon, browsers ask for one that is not there.
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <title>Access Advisor</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <div id=\"app\"><p class=\"loading\">Access Advisor ...</p></div>\n\
             <noscript><p>These pages need JavaScript.</p></noscript>\n\
             <script>{SERVED_SCRIPT}</script>\n</body>\n</html>\n"
        );
        Self {
            html,
            security_policy,
        }
    }
}

/// A hash as a Content-Security-Policy has it.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
