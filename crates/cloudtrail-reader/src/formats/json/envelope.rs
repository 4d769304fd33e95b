//! The keys of the objects that records come in.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The keys that count of an object: one of CloudTrail's, a result, an event, a wrapper, or a record.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, rename = "Records")]
    pub(super) records: Option<&'a RawValue>,
    #[serde(borrow, rename = "records")]
    pub(super) other_records: Option<&'a RawValue>,
    #[serde(borrow, rename = "Events")]
    pub(super) events: Option<&'a RawValue>,
    #[serde(rename = "digestStartTime")]
    pub(super) digest_start_time: Option<IgnoredAny>,
    #[serde(rename = "logFiles")]
    pub(super) log_files: Option<IgnoredAny>,
    #[serde(rename = "hashSignature")]
    pub(super) hash_signature: Option<IgnoredAny>,
    pub(super) files: Option<IgnoredAny>,
    #[serde(borrow, rename = "QueryResultRows")]
    pub(super) query_result_rows: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    pub(super) detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) detail: Option<&'a RawValue>,
    #[serde(borrow, rename = "messageType")]
    pub(super) message_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "logEvents")]
    pub(super) log_events: Option<&'a RawValue>,
    #[serde(borrow, rename = "events")]
    pub(super) found_log_events: Option<&'a RawValue>,
    #[serde(rename = "searchedLogStreams")]
    pub(super) searched_log_streams: Option<IgnoredAny>,
    #[serde(rename = "nextForwardToken")]
    pub(super) next_forward_token: Option<IgnoredAny>,
    pub(super) class_uid: Option<IgnoredAny>,
    pub(super) category_uid: Option<IgnoredAny>,
    #[serde(rename = "CloudTrailEvent")]
    pub(super) cloud_trail_event: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    pub(super) event_source: Option<IgnoredAny>,
    #[serde(rename = "eventName")]
    pub(super) event_name: Option<IgnoredAny>,
    #[serde(rename = "userIdentity")]
    pub(super) user_identity: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(super) hits: Option<&'a RawValue>,
    #[serde(borrow, rename = "_source")]
    pub(super) source: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) event: Option<&'a RawValue>,
    #[serde(borrow, rename = "event.original")]
    pub(super) event_original: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow, rename = "@message")]
    pub(super) at_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) log: Option<&'a RawValue>,
    /// A line of Grafana Loki. Sources: Loki, `pkg/logcli/output/jsonl.go`; Grafana, `logRowsToReadableJson`. Loki's own
    /// collector for `CloudTrail`, lambda-promtail, makes each record a line.
    #[serde(borrow)]
    pub(super) line: Option<&'a RawValue>,
    #[serde(borrow, rename = "_raw")]
    pub(super) raw: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) results: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) statistics: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow, rename = "Message")]
    pub(super) sns_message: Option<&'a RawValue>,
    #[serde(borrow, rename = "Body", alias = "body")]
    pub(super) body: Option<&'a RawValue>,
    #[serde(borrow, rename = "Messages")]
    pub(super) messages: Option<&'a RawValue>,
    #[serde(borrow, rename = "NextToken", alias = "nextToken")]
    pub(super) next_token: Option<&'a RawValue>,
    #[serde(borrow, rename = "QueryStatus")]
    pub(super) query_status: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Returns an object's keys that count, or `None` if the value is something else. (serde would take a list for the
    /// fields in order.)
    pub(super) fn of(value: &'a RawValue) -> Option<Self> {
        if value.get().starts_with('{') {
            serde_json::from_str(value.get()).ok()
        } else {
            None
        }
    }

    pub(super) fn is_record(&self) -> bool {
        self.event_source.is_some() || self.event_name.is_some() || self.user_identity.is_some()
    }

    pub(super) fn is_digest(&self) -> bool {
        let is_digest = self.digest_start_time.is_some() && self.log_files.is_some();
        // `result_sign.json`, which CloudTrail Lake saves with the results of a query.
        is_digest || self.hash_signature.is_some() && self.files.is_some()
    }

    /// Log events of a subscription, or as `aws logs filter-log-events` and `get-log-events` print them.
    pub(super) fn log_events(&self) -> Option<&'a RawValue> {
        let is_search = self.searched_log_streams.is_some() || self.next_forward_token.is_some();
        self.log_events
            .or(self.found_log_events.filter(|_| is_search))
    }

    /// The documents that a search in Elasticsearch or `OpenSearch` returned, and how many it found.
    pub(super) fn search_hits(&self) -> Option<(&'a RawValue, u64)> {
        #[derive(Deserialize)]
        struct Hits<'a> {
            #[serde(borrow)]
            hits: Option<&'a RawValue>,
            #[serde(borrow)]
            total: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Total {
            Value { value: u64 },
            Number(u64),
        }
        let hits = self.hits.filter(|hits| hits.get().starts_with('{'))?;
        let Hits { hits, total } = serde_json::from_str(hits.get()).ok()?;
        let hits = hits.filter(|hits| hits.get().starts_with('['))?;
        let total = total.and_then(|total| serde_json::from_str(total.get()).ok());
        let (Total::Value { value: total } | Total::Number(total)) =
            total.unwrap_or(Total::Number(0));
        Some((hits, total))
    }

    /// The rows of a query of `CloudWatch` Logs Insights: lists of fields.
    pub(super) fn insights_rows(&self) -> Option<&'a RawValue> {
        let inside = self.results?.get().strip_prefix('[')?.trim_ascii_start();
        let is_rows = inside.starts_with('[') || self.statistics.is_some() && self.status.is_some();
        self.results.filter(|_| is_rows)
    }

    /// Whether more pages follow.
    pub(super) fn has_next(&self) -> bool {
        self.next_token.is_some_and(|token| token.get() != "\"\"")
    }

    /// The values in which log shippers, Loki and Elasticsearch keep a line. Most objects have some of these for other purposes:
    /// Filebeat, for example, has an object `log` beside the line in `message`.
    pub(super) fn wrapped(&self) -> impl Iterator<Item = &'a RawValue> + use<'a> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(borrow)]
            original: Option<&'a RawValue>,
        }
        let event = self.event.filter(|event| event.get().starts_with('{'));
        let event = event.and_then(|event| serde_json::from_str::<Event<'_>>(event.get()).ok());
        [
            event.and_then(|event| event.original),
            self.event_original,
            self.source,
            self.message,
            self.at_message,
            self.log,
            self.line,
            self.raw,
            self.result,
            self.sns_message,
            self.body,
        ]
        .into_iter()
        .flatten()
    }
}
