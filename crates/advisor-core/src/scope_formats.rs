//! The ARN formats of what actions can apply to.

use iam_policy_parser::{Pattern, Token};
use service_catalog::{Catalog, ResourceTypeId};

/// The formats of a service's actions without resource types: the string `*`, and ARNs of the service
/// with nothing but `*` as their resource.
pub(crate) fn untyped_formats(namespace: &str) -> Vec<Pattern> {
    let before_resource = Pattern::arn_format(&format!("arn:*:{namespace}:*:*:"));
    let star = [Token::Char('*')];
    let tokens = before_resource.tokens().iter().copied().chain(star);
    vec![Pattern::literal("*"), Pattern::from_tokens(tokens)]
}

/// The formats of these resource types.
pub(crate) fn formats(catalog: &Catalog, types: &[ResourceTypeId]) -> Vec<Pattern> {
    let mut formats = Vec::new();
    for id in types {
        let before = formats.len();
        formats.extend(
            catalog
                .resource_type(*id)
                .arn_formats()
                .map(Pattern::arn_format),
        );
        if formats.len() == before {
            // Nothing is known of a type without a format, so it matches anything.
            return vec![Pattern::wildcard("*")];
        }
    }
    formats
}
