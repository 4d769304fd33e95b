//! Bodies of answers. They are sent in pieces, no faster than the client takes them.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::xml::{self, ListsXml};
use crate::error::ApiError;
use crate::operation::Operation;
use crate::operations::answer::Answer;
use crate::unsent::UnsentBytes;

/// The size of a piece.
pub(crate) const PIECE: usize = 16 * 1024;
/// The longest answer that is written as a whole, with its length, though it has lists of entities.
const LONGEST_WHOLE: usize = 64 * 1024;
/// The body of an answer.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    /// What is written, and not sent yet.
    text: Bytes,
    /// What is written when the client has taken the text.
    rest: Option<ListsXml>,
    /// The share of the bytes that may wait to be sent.
    _unsent: Option<OwnedSemaphorePermit>,
}

impl AnswerBody {
    /// Writes an answer, or its beginning if it has long lists.
    pub(crate) fn of(
        unsent: &UnsentBytes,
        operation: Operation,
        answer: Answer,
        request_id: &str,
    ) -> Result<Self, ApiError> {
        let value = match answer {
            Answer::Value(value) => value,
            Answer::Lists(lists) => {
                let mut xml = ListsXml::new(operation.name(), lists, request_id);
                let mut text = String::new();
                while text.len() < LONGEST_WHOLE && xml.write_next(&mut text)? {}
                return Ok(Self {
                    text: text.into(),
                    rest: (!xml.is_done()).then_some(xml),
                    _unsent: None,
                });
            }
        };
        let text = xml::success(operation.name(), &value, request_id);
        drop(value);
        Self::whole(unsent, text)
    }

    /// Writes an answer as JSON.
    pub(crate) fn json(unsent: &UnsentBytes, answer: Answer) -> Result<Self, ApiError> {
        let value = match answer {
            Answer::Value(value) => value,
            Answer::Lists(lists) => lists.members()?,
        };
        let text = value.to_string();
        drop(value);
        Self::whole(unsent, text)
    }

    /// A text that is written already.
    pub(crate) fn whole(unsent: &UnsentBytes, text: String) -> Result<Self, ApiError> {
        let unsent = if text.len() > LONGEST_WHOLE {
            Some(unsent.take(text.len()).ok_or_else(ApiError::unavailable)?)
        } else {
            None
        };
        Ok(Self {
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
        let piece = self.get_mut().next_piece().inspect_err(|error| {
            // The client notices: the connection is closed before the end of the answer.
            tracing::error!(%error, "an entity cannot be written");
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
