//! Findings as the page shows them: without their actions, which stand in the services of the report.

use advisor_core::{Finding, GrantingStatement};
use serde_json::{Value, json};

/// Further statements are counted.
const MOST_STATEMENTS: usize = 20;

pub(crate) fn finding_json(finding: &Finding) -> Value {
    let rule = finding.status.rule().map(|rule| &*rule.reason);
    let statements = finding.granted_by.iter().take(MOST_STATEMENTS);
    let last = finding.last_use.as_ref();
    let last = last.map(|last| json!({"time": last.millis as f64 / 1e3, "region": last.region}));
    json!({
        "kind": finding.kind.name(),
        "severity": finding.severity.name(),
        "severityReason": finding.severity_reason.to_string(),
        "subject": finding.subject,
        "archived": rule.filter(|_| finding.status.is_archived()),
        "stateReason": finding.state_reason.as_ref().map(ToString::to_string),
        "unusedServices": finding.unused_services(),
        "unusedActions": finding.unused_actions,
        "lastUse": last,
        "grantedBy": statements.map(statement_json).collect::<Vec<_>>(),
        "moreStatements": finding.granted_by.len().saturating_sub(MOST_STATEMENTS),
    })
}

fn statement_json(statement: &GrantingStatement) -> Value {
    json!({
        "group": statement.group.as_deref(),
        "policy": statement.policy,
        "statement": statement.statement,
        "sid": statement.sid,
        "actions": statement.actions,
        "unlimited": statement.is_unlimited,
    })
}
