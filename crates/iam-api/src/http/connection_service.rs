//! A connection's requests and answers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::connections::Connection;

/// Answers the requests of a connection, and records what it waits for.
pub(crate) struct ConnectionService {
    routes: TowerToHyperService<Router>,
    connection: Arc<Connection>,
    most_pipelined: usize,
}

impl ConnectionService {
    /// Answers at most `most_pipelined` requests that were received before the answers to those before them.
    pub(crate) fn new(routes: Router, connection: Arc<Connection>, most_pipelined: usize) -> Self {
        Self {
            routes: TowerToHyperService::new(routes),
            connection,
            most_pipelined,
        }
    }
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ConnectionBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let connection = self.connection.clone();
        let is_last = connection.received_head() > self.most_pipelined.max(1);
        if request.body().is_end_stream() {
            connection.received();
        }
        request.extensions_mut().insert(connection.clone());
        let answer = self.routes.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if is_last {
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| ConnectionBody { body, connection }))
        })
    }
}

/// The body of an answer. Its end is recorded: from then on, the connection waits for a request.
pub(crate) struct ConnectionBody {
    body: Body,
    connection: Arc<Connection>,
}

impl HttpBody for ConnectionBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ConnectionBody {
    fn drop(&mut self) {
        self.connection.answered();
    }
}
