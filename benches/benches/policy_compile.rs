//! Parsing and compiling policies, from the text of a document to its set of actions.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use advisor_core::PolicyCompiler;
use benches::AccountShape;
use criterion::{BenchmarkId, Criterion, Throughput};
use iam_policy_parser::PolicyDocument;
use serde_json::Value;
use service_catalog::Catalog;

/// The variable with a folder of JSON files: policy documents, or the output of `aws iam get-policy-version`.
const MANAGED_POLICIES: &str = "ACCESS_ADVISOR_MANAGED_POLICIES";

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .configure_from_args();
    let compiler = PolicyCompiler::new(Catalog::shared());
    let generated: Vec<String> = AccountShape::default()
        .managed_documents()
        .iter()
        .map(Value::to_string)
        .collect();
    one(&mut criterion, &compiler)?;

    let mut group = criterion.benchmark_group("policy_compile/parse_and_compile");
    let mut all = |name: &str, texts: &[String]| {
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_with_input(
            BenchmarkId::new(name, texts.len()),
            texts,
            |bencher, texts| {
                bencher.iter(|| possible(&compiler, texts));
            },
        );
    };
    all("generated", &generated);
    if let Some(folder) = std::env::var_os(MANAGED_POLICIES) {
        all("aws_managed", &read_folder(Path::new(&folder))?);
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// A document with one statement of each common kind.
const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Sid": "Look", "Effect": "Allow", "Action": ["ec2:Describe*", "cloudwatch:Get*", "logs:List*"], "Resource": "*"},
    {"Sid": "Work", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"],
     "Resource": ["arn:aws:s3:::orders-prod", "arn:aws:s3:::orders-prod/*"]},
    {"Sid": "Own", "Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:*:111122223333:table/orders-*",
     "Condition": {"StringEquals": {"aws:ResourceTag/team": "orders"}}},
    {"Sid": "Fence", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::orders-prod/audit/*"}
]}"#;

fn one(criterion: &mut Criterion, compiler: &PolicyCompiler) -> Result<(), Box<dyn Error>> {
    let text = DOCUMENT;
    let document = PolicyDocument::parse(text)?;

    let mut group = criterion.benchmark_group("policy_compile/one_document");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| PolicyDocument::parse(text));
    });
    group.bench_function("compile", |bencher| {
        bencher.iter(|| compiler.compile(&document));
    });
    group.finish();
    Ok(())
}

/// Parses and compiles documents on one thread, and returns how many could be parsed.
fn possible(compiler: &PolicyCompiler, texts: &[String]) -> usize {
    let documents = texts
        .iter()
        .filter_map(|text| PolicyDocument::parse(text).ok());
    documents
        .map(|document| compiler.compile(&document))
        .map(std::hint::black_box)
        .count()
}

fn read_folder(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut texts = Vec::new();
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("{MANAGED_POLICIES}: {}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let value: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let places = ["/PolicyVersion/Document", "/Document", "/document", ""];
        let document = places.iter().find_map(|place| value.pointer(place));
        texts.extend(document.map(Value::to_string));
    }
    texts.sort_unstable();
    let readable = texts
        .iter()
        .filter(|text| PolicyDocument::parse(text).is_ok())
        .count();
    if readable < texts.len() {
        eprintln!(
            "{MANAGED_POLICIES}: {readable} of {} files are policies",
            texts.len()
        );
    }
    Ok(texts)
}
