//! Pages of a listing, and errors, in the XML that S3 writes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

use crate::source::s3::error::S3Fault;
use crate::source::s3::object::S3Object;

/// One page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<S3Object>,
    /// Common prefixes, each with `/` at its end.
    pub(super) folders: Vec<String>,
    /// The token of the next page.
    pub(super) next: Option<String>,
}

/// What to list.
pub(super) struct PageQuery<'a> {
    pub(super) prefix: &'a str,
    /// Whether to stop at the next `/`.
    pub(super) one_level: bool,
    /// Whether to list the first key only.
    pub(super) first_only: bool,
    pub(super) token: Option<&'a str>,
}

fn child<'a>(node: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    let child = node.children().find(|child| child.has_tag_name_any(name))?;
    Some(child.text().unwrap_or_default())
}

/// Compares names without their namespace: S3's documents have one, those of some compatible servers do not.
trait LocalName {
    fn has_tag_name_any(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_any(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub(super) fn parse_page(body: &[u8], bucket: &Arc<str>) -> Result<Page, S3Fault> {
    let text = std::str::from_utf8(body).map_err(S3Fault::malformed)?;
    let document = roxmltree::Document::parse(text).map_err(S3Fault::malformed)?;
    let root = document.root_element();
    if !root.has_tag_name_any("ListBucketResult") {
        // Under load, S3 returns errors with status 200 too.
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
        Ok(name.map_err(S3Fault::malformed)?.into_owned())
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
                size: need(node, "Size")?.parse().map_err(S3Fault::malformed)?,
                etag: child(node, "ETag").map(str::to_owned),
                last_modified: DateTime::parse_from_rfc3339(written)
                    .map_err(S3Fault::malformed)?
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

/// Returns the code and message of an error, empty if the document has none.
pub(super) fn parse_error(body: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    let Ok(document) = roxmltree::Document::parse(&text) else {
        return Default::default();
    };
    let part = |name| child(document.root_element(), name).unwrap_or_default();
    (part("Code").to_owned(), part("Message").to_owned())
}
