//! All actions of the service reference, by name.

use std::collections::HashMap;

use super::service_reference::ServiceFile;

/// All actions, by namespace and lower-case name.
pub(super) struct KnownActions<'r> {
    by_name: HashMap<&'r str, HashMap<String, KnownAction<'r>>>,
}

#[derive(Clone, Copy)]
pub(super) struct KnownAction<'r> {
    pub(super) name: &'r str,
    pub(super) is_tagging_only: bool,
}

impl<'r> KnownActions<'r> {
    pub(super) fn of(files: impl Iterator<Item = &'r ServiceFile>) -> Self {
        let mut by_name: HashMap<&str, HashMap<String, KnownAction<'_>>> = HashMap::new();
        for file in files {
            let names = by_name.entry(&file.namespace).or_default();
            for action in &file.actions {
                let known = KnownAction {
                    name: &action.name,
                    is_tagging_only: action.annotations.properties.is_tagging_only,
                };
                names.insert(action.name.to_ascii_lowercase(), known);
            }
        }
        Self { by_name }
    }

    pub(super) fn find(&self, namespace: &str, name: &str) -> Option<KnownAction<'r>> {
        let names = self.by_name.get(namespace)?;
        names.get(&name.to_ascii_lowercase()).copied()
    }

    /// Whether an action exists: `target` is a name in this namespace, or `namespace:Name`.
    pub(super) fn has(&self, namespace: &str, target: &str) -> bool {
        let (namespace, name) = target.split_once(':').unwrap_or((namespace, target));
        self.find(namespace, name).is_some()
    }
}
