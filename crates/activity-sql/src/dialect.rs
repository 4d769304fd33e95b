//! The SQL dialects of the engines.

use std::fmt;

use service_catalog::AWS_DOMAINS;

/// An engine that queries `CloudTrail` logs in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Amazon Athena, engine version 3 (Trino).
    Athena,
    /// `CloudTrail` Lake (Trino, one `SELECT`).
    CloudTrailLake,
    /// Apache Spark SQL, 3.4 or later.
    Spark,
    /// `DuckDB`, 1.2 or later.
    DuckDb,
}

/// A pattern of the domains of AWS's event sources, with the dot before them.
pub(crate) fn domains() -> String {
    let domains = AWS_DOMAINS.map(|domain| domain.replace('.', "[.]"));
    format!("(?:{})", domains.join("|"))
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Athena => "Athena",
            Self::CloudTrailLake => "CloudTrail Lake",
            Self::Spark => "Spark SQL",
            Self::DuckDb => "DuckDB",
        })
    }
}

impl Dialect {
    /// Returns the longest query that the engine accepts, in bytes; `None` without a limit. Sources: Athena User Guide, "Service quotas"
    /// (262,144 bytes); `CloudTrail` API Reference, `StartQuery` (10,000 characters).
    #[must_use]
    pub fn longest_query(self) -> Option<usize> {
        match self {
            Self::Athena => Some(262_144),
            Self::CloudTrailLake => Some(10_000),
            Self::Spark | Self::DuckDb => None,
        }
    }

    /// Whether the engine can read `CloudTrail` objects by path.
    #[must_use]
    pub fn reads_objects(self) -> bool {
        match self {
            Self::Spark | Self::DuckDb => true,
            Self::Athena | Self::CloudTrailLake => false,
        }
    }

    /// A string literal.
    pub(crate) fn literal(self, text: &str) -> String {
        match self {
            // A backslash escapes, and two adjacent quotes end one literal and begin the next.
            Self::Spark => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            Self::Athena | Self::CloudTrailLake | Self::DuckDb => {
                format!("'{}'", text.replace('\'', "''"))
            }
        }
    }

    /// The length of a text in bytes of UTF-8.
    pub(crate) fn bytes(self, text: &str) -> String {
        match self {
            Self::Athena | Self::CloudTrailLake => format!("length(to_utf8({text}))"),
            Self::Spark => format!("octet_length({text})"),
            Self::DuckDb => format!("strlen({text})"),
        }
    }

    /// Whether a pattern occurs in a text.
    pub(crate) fn matches(self, text: &str, pattern: &str) -> String {
        let pattern = self.literal(pattern);
        match self {
            Self::DuckDb => format!("regexp_matches({text}, {pattern})"),
            Self::Athena | Self::CloudTrailLake | Self::Spark => {
                format!("regexp_like({text}, {pattern})")
            }
        }
    }

    /// A group of the first match of a pattern in a text; null where there is none or it is empty.
    pub(crate) fn extract(self, text: &str, pattern: &str, group: u8) -> String {
        let pattern = self.literal(pattern);
        format!("nullif(regexp_extract({text}, {pattern}, {group}), '')")
    }

    /// A number as text.
    pub(crate) fn text(self, number: &str) -> String {
        match self {
            Self::Spark => format!("CAST({number} AS STRING)"),
            Self::Athena | Self::CloudTrailLake | Self::DuckDb => {
                format!("CAST({number} AS VARCHAR)")
            }
        }
    }

    /// The UTC milliseconds of a time in RFC 3339 with at most three decimals; null for anything else.
    pub(crate) fn millis(self, time: &str) -> String {
        match self {
            Self::Athena | Self::CloudTrailLake => format!(
                "CAST(round(to_unixtime(TRY(from_iso8601_timestamp({time}))) * 1000) AS BIGINT)"
            ),
            Self::Spark => format!("unix_millis(try_cast({time} AS TIMESTAMP))"),
            Self::DuckDb => format!("epoch_ms(TRY_CAST({time} AS TIMESTAMPTZ))"),
        }
    }

    /// The time at these UTC milliseconds. In Athena and Lake it has no time zone, because Athena cannot write such columns.
    pub(crate) fn time(self, millis: &str) -> String {
        match self {
            Self::Athena | Self::CloudTrailLake => {
                format!("CAST(from_unixtime({millis} / 1e3, 'UTC') AS TIMESTAMP)")
            }
            Self::Spark => format!("timestamp_millis({millis})"),
            Self::DuckDb => format!("to_timestamp({millis} / 1000.0)"),
        }
    }

    /// The UTC day of UTC milliseconds since 1970.
    pub(crate) fn day(self, millis: &str) -> String {
        match self {
            Self::Athena | Self::CloudTrailLake => {
                format!("CAST(from_unixtime({millis} / 1e3, 'UTC') AS DATE)")
            }
            Self::Spark => format!("date_from_unix_date(CAST({millis} DIV 86400000 AS INT))"),
            Self::DuckDb => format!("DATE '1970-01-01' + CAST({millis} // 86400000 AS INTEGER)"),
        }
    }

    /// The different values of a group. `array_agg(DISTINCT ...)` would make Trino and Spark shuffle all rows.
    pub(crate) fn set(self, value: &str) -> String {
        match self {
            Self::Spark => format!("collect_set({value})"),
            Self::Athena | Self::CloudTrailLake | Self::DuckDb => {
                format!("map_keys(histogram({value}))")
            }
        }
    }

    /// The union of the sets of a group.
    pub(crate) fn union(self, set: &str) -> String {
        let sets = match self {
            Self::Spark => format!("collect_list({set})"),
            Self::Athena | Self::CloudTrailLake | Self::DuckDb => format!("array_agg({set})"),
        };
        format!("array_distinct(flatten({sets}))")
    }

    /// A text with the letters A to Z in lower case. A Unicode-wise lower case would take K, the Kelvin sign, for a k.
    pub(crate) fn folded(text: &str) -> String {
        format!("translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')")
    }

    /// A list as rows.
    pub(crate) fn rows(self, list: &str) -> String {
        match self {
            Self::Spark => format!("explode({list})"),
            Self::Athena | Self::CloudTrailLake | Self::DuckDb => format!("unnest({list})"),
        }
    }
}
