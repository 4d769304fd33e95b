//! The tables of columns in the crate's page are those of the schemas.
#![allow(clippy::unwrap_used)]

use advisor_arrow::{activity_schema, finding_schema, permission_schema, report_schema};

const PAGE: &str = include_str!("../README.md");

/// The columns that the page lists in the section with this heading, in order.
fn documented(heading: &str) -> Vec<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split(" | ").next().unwrap());
    cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`'))
        .collect()
}

#[test]
fn the_page_lists_the_columns_of_each_table() {
    let tables = [
        ("The activity table", activity_schema()),
        ("The report table", report_schema()),
        ("The finding table", finding_schema()),
        ("The permission table", permission_schema()),
    ];
    for (heading, schema) in tables {
        let fields = schema.fields().iter().map(|field| field.name().as_str());
        assert_eq!(documented(heading), fields.collect::<Vec<_>>(), "{heading}");
    }
}
