//! Bodies of answers. They are sent in pieces, no faster than the client takes them.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::lists::{ListsFormat, ListsText};
use super::xml;
use crate::address_share::AddressShare;
use crate::api::Api;
use crate::error::ApiError;
use crate::log_limit::LineKind;
use crate::operation::Operation;
use crate::operations::answer::{Answer, EntityLists};
use crate::unsent::{Unsent, UnsentBytes};

/// The size of a piece.
pub(crate) const PIECE: usize = 16 * 1024;
/// The longest answer that is written as a whole, with its length, though it has lists of entities.
const LONGEST_WHOLE: usize = 64 * 1024;
/// The target of log lines.
const LOG: &str = "iam_api::answer";

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    api: Api,
    /// What is written, and not sent yet.
    text: Bytes,
    /// What is written when the client has taken the text.
    rest: Option<ListsText>,
    /// The share of the bytes that may wait to be sent.
    _unsent: Option<Unsent>,
}

impl AnswerBody {
    /// Writes an answer as XML, or its beginning if it has long lists.
    pub(crate) fn xml(
        api: &Api,
        share: Option<&AddressShare>,
        operation: Operation,
        answer: Answer,
        request_id: &str,
    ) -> Result<Self, ApiError> {
        match answer {
            Answer::Value(value) => {
                let text = xml::success(operation.name(), &value, request_id);
                drop(value);
                Self::whole(api, share, text)
            }
            Answer::Lists(lists) => {
                let format = ListsFormat::Xml {
                    operation: operation.name(),
                    request_id: request_id.to_owned(),
                };
                Self::lists(api, format, lists)
            }
        }
    }

    /// Writes an answer as JSON, or its beginning if it has long lists.
    pub(crate) fn json(
        api: &Api,
        share: Option<&AddressShare>,
        answer: Answer,
    ) -> Result<Self, ApiError> {
        match answer {
            Answer::Value(value) => {
                let text = value.to_string();
                drop(value);
                Self::whole(api, share, text)
            }
            Answer::Lists(lists) => Self::lists(api, ListsFormat::Json, lists),
        }
    }

    fn lists(api: &Api, format: ListsFormat, lists: EntityLists) -> Result<Self, ApiError> {
        let mut lists = ListsText::new(format, lists);
        let mut text = String::new();
        while text.len() < LONGEST_WHOLE && lists.write_next(&mut text)? {}
        Ok(Self {
            api: api.clone(),
            text: text.into(),
            rest: (!lists.is_done()).then_some(lists),
            _unsent: None,
        })
    }

    /// A text that is written already.
    pub(crate) fn whole(
        api: &Api,
        share: Option<&AddressShare>,
        text: String,
    ) -> Result<Self, ApiError> {
        let unsent = if text.len() > LONGEST_WHOLE {
            let of = [share.map(|share| &share.unsent), Some(api.unsent())];
            let unsent = UnsentBytes::take(of.into_iter().flatten(), text.capacity());
            Some(unsent.ok_or_else(ApiError::unavailable)?)
        } else {
            None
        };
        Ok(Self {
            api: api.clone(),
            text: text.into(),
            rest: None,
            _unsent: unsent,
        })
    }

    fn next_piece(&mut self) -> serde_json::Result<Option<Bytes>> {
        if self.text.is_empty()
            && let Some(rest) = &mut self.rest
        {
            let mut text = String::with_capacity(PIECE);
            while text.len() < PIECE && rest.write_next(&mut text)? {}
            if rest.is_done() {
                self.rest = None;
            }
            self.text = text.into();
        }
        let piece = self.text.split_to(PIECE.min(self.text.len()));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = serde_json::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let body = self.get_mut();
        let piece = body.next_piece().inspect_err(|error| {
            let kind = LineKind {
                target: LOG,
                operation: "-",
                code: "-",
            };
            // The client notices: the connection is closed before the end of the answer.
            if body.api.log().allows(kind) {
                tracing::error!(target: LOG, %error, "an entity cannot be written");
            }
        });
        Poll::Ready(piece.transpose().map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            None => SizeHint::with_exact(u64::try_from(self.text.len()).unwrap_or(u64::MAX)),
            Some(_) => SizeHint::default(),
        }
    }
}

impl From<AnswerBody> for Body {
    fn from(body: AnswerBody) -> Self {
        Self::new(body)
    }
}
