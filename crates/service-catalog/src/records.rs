//! What the fields of a record tell of an event: which action it is, where its name does not decide, and which further actions
//! the call exercised.

use crate::catalog::Catalog;
use crate::condition::{
    ConditionFields, ConditionVerdict, FieldsNeeded, ParsedFields, RecordCondition, is_nothing,
};
use crate::event_kind::{
    Alternative, EventKind, Implied, ImpliedAction, ImpliedUse, ImpliedWhen, When,
};
use crate::events::ResolvedEvent;
use crate::ids::{ActionId, EventKindId};

impl Catalog {
    /// All kinds of event that the catalog knows more about than their action.
    pub fn event_kinds(&self) -> impl Iterator<Item = (EventKindId, &EventKind)> {
        (0..).map(EventKindId).zip(&self.event_kinds)
    }

    /// A kind of event of this catalog.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are made by this catalog only")]
    pub fn event_kind(&self, id: EventKindId) -> &EventKind {
        &self.event_kinds[id.0 as usize]
    }

    /// The fields of the record that [`Catalog::resolve_record`] and [`Catalog::decided_uses`] need. None for most events: what
    /// [`Catalog::resolve_event`] gives, which can be kept by event source and name, is all there is to know.
    #[must_use]
    pub fn fields_needed(&self, event: &ResolvedEvent) -> FieldsNeeded {
        event.kind.map_or_else(FieldsNeeded::default, |kind| {
            self.event_kind(kind).fields_needed
        })
    }

    /// Whether [`Catalog::resolve_record`] can resolve records of this event to other actions than [`Catalog::resolve_event`]
    /// does.
    #[must_use]
    pub fn is_decided_by_record(&self, event: &ResolvedEvent) -> bool {
        event
            .kind
            .is_some_and(|kind| !self.event_kind(kind).alternatives.is_empty())
    }

    /// The action of an event by the fields of its record: calls of two services can share an event source and a name, and an
    /// operation can need one action or another.
    ///
    /// ```
    /// use service_catalog::{Catalog, ConditionFields};
    ///
    /// let catalog = Catalog::embedded();
    /// let event = catalog.resolve_event("dynamodb.amazonaws.com", "ExecuteStatement");
    /// let fields = ConditionFields::new(Some(r#"{"statement": "INSERT INTO \"T\" VALUE {}"}"#), None);
    /// let action = catalog.resolve_record(&event, &fields).action;
    /// assert_eq!(action.map(|id| catalog.action(id).name()), Some("PartiQLInsert"));
    /// ```
    #[must_use]
    pub fn resolve_record(
        &self,
        event: &ResolvedEvent,
        fields: &ConditionFields<'_>,
    ) -> ResolvedEvent {
        let Some(kind) = event.kind.map(|id| self.event_kind(id)) else {
            return *event;
        };
        let fields = ParsedFields::new(fields);
        let mut alternatives = self.alternatives_of(kind).iter();
        let decided = alternatives.find(|alternative| {
            self.decide(alternative.condition, &fields) == ConditionVerdict::Yes
        });
        decided.map_or(*event, |alternative| ResolvedEvent {
            service: Some(self.action(alternative.action).service()),
            action: Some(alternative.action),
            kind: event.kind,
        })
    }

    /// The further actions that calls of this kind can exercise.
    pub fn implied_actions(
        &self,
        kind: EventKindId,
    ) -> impl ExactSizeIterator<Item = ImpliedAction<'_>> {
        let implied = self.implied_of(self.event_kind(kind)).iter();
        implied.map(|implied| ImpliedAction {
            action: implied.action,
            when: self.when(implied.when),
        })
    }

    /// Of the further actions that one call may have exercised, those that the fields of its record decide, as far as they are
    /// there: those that it shows, and, not certain, those that it would show if it had its `requestParameters`. The others are
    /// the same for all records: see [`Catalog::implied_actions`].
    pub fn decided_uses<'c>(
        &'c self,
        event: &ResolvedEvent,
        fields: &ConditionFields<'c>,
    ) -> impl Iterator<Item = ImpliedUse> + use<'c> {
        let credited = event.action;
        let kind = event.kind.map(|kind| self.event_kind(kind));
        let fields = ParsedFields::new(fields);
        let implied = kind.map_or(&[][..], |kind| self.implied_of(kind));
        let decided = implied.iter().filter_map(|implied| {
            let (condition, is_exact) = implied.when.condition()?;
            Some((implied.action, condition, is_exact))
        });
        // A record that lacks the fields may be of the event's other actions.
        let alternatives = kind.map_or(&[][..], |kind| self.alternatives_of(kind));
        let alternatives = alternatives
            .iter()
            .filter(move |other| implied.iter().all(|implied| implied.action != other.action))
            .map(|other| (other.action, other.condition, true));
        decided
            .chain(alternatives)
            .filter(move |(action, ..)| Some(*action) != credited)
            .filter_map(move |(action, condition, is_exact)| {
                let decision = self.decide(condition, &fields);
                let is_certain = decision == ConditionVerdict::Yes;
                let is_unknown = is_exact && decision == ConditionVerdict::Unknown;
                (is_certain || is_unknown).then_some(ImpliedUse { action, is_certain })
            })
    }

    /// Whether [`Catalog::decided_uses`] can find any for a record of this kind, by the bytes of the JSON of its
    /// `requestParameters` and `additionalEventData` (empty where it has none). Nothing is parsed: most records are out soon.
    #[must_use]
    pub fn may_decide_uses(
        &self,
        kind: EventKindId,
        request_parameters: &[u8],
        additional_event_data: &[u8],
    ) -> bool {
        let kind = self.event_kind(kind);
        if !kind.alternatives.is_empty() {
            return true;
        }
        let has_none = is_nothing(request_parameters);
        let mut last = None;
        self.implied_of(kind).iter().any(|implied| {
            let Some((at, is_exact)) = implied.when.condition() else {
                return false;
            };
            let Some(condition) = self.conditions.get(at).filter(|_| last != Some(at)) else {
                return false;
            };
            last = Some(at);
            let is_unknown = is_exact && has_none && condition.fields_needed().request_parameters;
            is_unknown || condition.may_hold(request_parameters, additional_event_data)
        })
    }

    /// The named conditions of the catalog.
    pub fn conditions(&self) -> impl ExactSizeIterator<Item = &RecordCondition> {
        self.conditions.iter()
    }

    pub(crate) fn fields_of(&self, condition: usize) -> FieldsNeeded {
        let condition = self.conditions.get(condition);
        condition.map_or_else(FieldsNeeded::default, RecordCondition::fields_needed)
    }

    pub(crate) fn implied_of(&self, kind: &EventKind) -> &[Implied] {
        self.implied.get(kind.implied.clone()).unwrap_or_default()
    }

    /// The actions beside its own that records of this kind of event can be credited to.
    pub(crate) fn alternatives_of(&self, kind: &EventKind) -> &[Alternative] {
        let range = kind.alternatives.clone();
        self.alternatives.get(range).unwrap_or_default()
    }

    /// All actions that records of this kind of event can be credited to.
    pub(crate) fn actions_of_kind(&self, kind: &EventKind) -> impl Iterator<Item = ActionId> {
        let alternatives = self.alternatives_of(kind).iter();
        std::iter::once(kind.action).chain(alternatives.map(|alternative| alternative.action))
    }

    fn decide(&self, condition: usize, fields: &ParsedFields<'_>) -> ConditionVerdict {
        let condition = self.conditions.get(condition);
        condition.map_or(ConditionVerdict::Unknown, |condition| {
            condition.evaluate_parsed(fields)
        })
    }

    fn when(&self, when: When) -> ImpliedWhen<'_> {
        let condition = |at: usize| self.conditions.get(at);
        match when {
            When::Always => ImpliedWhen::Always,
            When::Undecided => ImpliedWhen::Undecided,
            When::Exactly(at) => condition(at).map_or(ImpliedWhen::Undecided, ImpliedWhen::Exactly),
            When::AtLeast(at) => condition(at).map_or(ImpliedWhen::Undecided, ImpliedWhen::AtLeast),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ActionId;

    fn full_name(action: ActionId) -> String {
        let catalog = Catalog::embedded();
        let action = catalog.action(action);
        let namespace = catalog.service(action.service()).namespace();
        format!("{namespace}:{}", action.name())
    }

    fn resolve(source: &str, name: &str) -> ResolvedEvent {
        Catalog::embedded().resolve_event(&format!("{source}.amazonaws.com"), name)
    }

    fn decided(source: &str, name: &str, request: &str, additional: Option<&str>) -> String {
        let fields = ConditionFields::new(Some(request), additional);
        let resolved = Catalog::embedded().resolve_record(&resolve(source, name), &fields);
        let action = resolved.action.unwrap();
        let service = resolved.service.unwrap();
        assert_eq!(Catalog::embedded().action(action).service(), service);
        full_name(action)
    }

    /// What the record of a call decides: `=` before what it shows, `?` before what it lacks the fields for.
    fn uses(source: &str, name: &str, request: Option<&str>) -> Vec<String> {
        let catalog = Catalog::embedded();
        let fields = ConditionFields::new(request, None);
        let event = catalog.resolve_record(&resolve(source, name), &fields);
        catalog
            .decided_uses(&event, &fields)
            .map(|used| {
                let mark = if used.is_certain { "=" } else { "?" };
                format!("{mark}{}", full_name(used.action))
            })
            .collect()
    }

    /// Whether some call of this kind can exercise an action.
    fn implies(source: &str, name: &str, action: &str) -> bool {
        let kind = resolve(source, name).kind.unwrap();
        let mut implied = Catalog::embedded().implied_actions(kind);
        implied.any(|implied| full_name(implied.action) == action)
    }

    #[test]
    fn fields_tell_calls_apart_that_share_source_and_name() {
        let scaling =
            |request, additional| decided("autoscaling", "PutScalingPolicy", request, additional);
        let application = "application-autoscaling:PutScalingPolicy";
        assert_eq!(scaling(r#"{"serviceNamespace":"ecs"}"#, None), application);
        let service = Some(r#"{"service":"application-autoscaling"}"#);
        assert_eq!(scaling("null", service), application);
        let ec2 = r#"{"autoScalingGroupName":"g"}"#;
        assert_eq!(scaling(ec2, None), "autoscaling:PutScalingPolicy");
        for name in [
            "DeleteScheduledAction",
            "DescribeScalingActivities",
            "DescribeScheduledActions",
            "GetPredictiveScalingForecast",
        ] {
            let action = decided("autoscaling", name, "null", service);
            assert_eq!(action, format!("application-autoscaling:{name}"));
        }
        // A record without its parameters may be of either service.
        let either = |request| uses("autoscaling", "PutScalingPolicy", Some(request));
        assert_eq!(either("null"), [format!("?{application}")]);
        assert_eq!(either(ec2), [""; 0]);
        let tag = |arn: &str| {
            let request = format!(r#"{{"resourceArn":"{arn}"}}"#);
            decided("backup", "TagResource", &request, None)
        };
        let job = "arn:aws:backup-search:us-east-1:111122223333:search-job/j";
        assert_eq!(tag(job), "backup-search:TagResource");
        let vault = "arn:aws:backup:us-east-1:111122223333:backup-vault:v";
        assert_eq!(tag(vault), "backup:TagResource");
    }

    #[test]
    fn a_statement_s_verb_decides() {
        for (statement, action) in [
            ("SELECT * FROM Music", "PartiQLSelect"),
            ("insert into Music", "PartiQLInsert"),
            ("\nUPDATE Music", "PartiQLUpdate"),
            ("DELETE FROM Music", "PartiQLDelete"),
            ("***", "PartiQLSelect"),
        ] {
            let request = format!(r#"{{"statement":{statement:?}}}"#);
            let found = decided("dynamodb", "ExecuteStatement", &request, None);
            assert_eq!(found, format!("dynamodb:{action}"), "{statement}");
        }
        let batch =
            r#"{"requestItems":[{"statement":"UPDATE Music"},{"statement":"INSERT INTO Music"}]}"#;
        assert_eq!(
            decided("dynamodb", "BatchExecuteStatement", batch, None),
            "dynamodb:PartiQLInsert"
        );
        assert_eq!(
            uses("dynamodb", "BatchExecuteStatement", Some(batch)),
            ["=dynamodb:PartiQLUpdate"]
        );
        // A comment is no statement, and a record without a verb does not tell.
        let comment = r#"{"statement":"/* SELECT */ -- UPDATE\n DELETE FROM Music"}"#;
        let single = |request| decided("dynamodb", "ExecuteStatement", request, None);
        assert_eq!(single(comment), "dynamodb:PartiQLDelete");
        assert_eq!(uses("dynamodb", "ExecuteStatement", Some(comment)), [""; 0]);
        for untold in [
            r#"{"statement":"***"}"#,
            r#"{"statement":"/* SELECT"}"#,
            r#"{"requestParametersOmitted":true}"#,
        ] {
            assert_eq!(
                uses("dynamodb", "ExecuteStatement", Some(untold)),
                [
                    "?dynamodb:PartiQLDelete",
                    "?dynamodb:PartiQLInsert",
                    "?dynamodb:PartiQLUpdate"
                ],
                "{untold}"
            );
        }
        let transaction =
            r#"{"requestItems":[{"operation":"Update"},{"operation":"ConditionCheck"}]}"#;
        assert_eq!(
            decided("dynamodb", "TransactWriteItems", transaction, None),
            "dynamodb:ConditionCheckItem"
        );
        assert_eq!(
            uses("dynamodb", "TransactWriteItems", Some(transaction)),
            ["=dynamodb:UpdateItem"]
        );
    }

    #[test]
    fn records_show_further_actions() {
        let run = |request| uses("ec2", "RunInstances", request);
        assert_eq!(
            run(Some(r#"{"iamInstanceProfile":{"name":"web"}}"#)),
            ["=iam:PassRole"]
        );
        assert_eq!(
            run(Some(
                r#"{"tagSpecificationSet":{"items":[{"tags":[{"key":"a"}]}]}}"#
            )),
            ["=ec2:CreateTags"]
        );
        assert_eq!(run(Some(r#"{"instanceType":"t3.micro"}"#)), [""; 0]);
        for untold in [
            None,
            Some(
                r#"{"reason":"requestParameters too large","omitted":"true","originalSize":"107463"}"#,
            ),
            Some("[]"),
            Some(r#""HIDDEN_DUE_TO_SECURITY_REASONS""#),
        ] {
            assert_eq!(
                run(untold),
                ["?ec2:CreateTags", "?iam:PassRole"],
                "{untold:?}"
            );
            let kind = resolve("ec2", "RunInstances").kind.unwrap();
            let text = untold.unwrap_or_default().as_bytes();
            assert!(
                Catalog::embedded().may_decide_uses(kind, text, b""),
                "{untold:?}"
            );
        }
        let versioned = Some(r#"{"bucketName":"b","key":"k","versionId":"v"}"#);
        let unversioned = Some(r#"{"bucketName":"b","key":"k"}"#);
        assert!(uses("s3", "GetObject", versioned).contains(&"=s3:GetObjectVersion".to_owned()));
        let plain = uses("s3", "GetObject", unversioned);
        assert!(
            plain.iter().all(|name| !name.contains("Version")),
            "{plain:?}"
        );
        assert!(uses("s3", "HeadObject", versioned).contains(&"=s3:GetObjectVersion".to_owned()));
        assert!(
            uses("s3", "DeleteObject", versioned).contains(&"=s3:DeleteObjectVersion".to_owned())
        );
        // Whether versions are among the objects is not in the record.
        assert_eq!(uses("s3", "DeleteObjects", unversioned), [""; 0]);
        assert!(implies("s3", "DeleteObjects", "s3:DeleteObjectVersion"));
        let tagged = Some(r#"{"roleArn":"arn:aws:iam::111122223333:role/r","tags":[{"key":"a"}]}"#);
        assert_eq!(uses("sts", "AssumeRole", tagged), ["=sts:TagSession"]);
        for (source, name, action) in [
            ("kms", "ReEncrypt", "kms:ReEncryptTo"),
            ("iam", "AddRoleToInstanceProfile", "iam:PassRole"),
        ] {
            assert_eq!(
                uses(source, name, None),
                [""; 0],
                "the same for all records"
            );
            assert!(implies(source, name, action));
        }
        let function = Some(r#"{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}"#);
        let created = uses("lambda", "CreateFunction20150331", function);
        assert!(created.contains(&"=iam:PassRole".to_owned()), "{created:?}");
        let topic = Some(r#"{"name":"t"}"#);
        assert_eq!(uses("sns", "CreateTopic", topic), [""; 0]);
        assert!(implies("sns", "CreateTopic", "iam:PassRole"));
    }

    /// Whatever stands in a template or is copied from another resource is not in the record.
    #[test]
    fn what_comes_from_elsewhere_is_in_doubt() {
        for (source, name, request, expected) in [
            (
                "ec2",
                "RunInstances",
                r#"{"launchTemplate":{"launchTemplateId":"lt-0123","version":"1"}}"#,
                &["?ec2:CreateTags", "?iam:PassRole"][..],
            ),
            (
                "ec2",
                "RunInstances",
                r#"{"launchTemplate":{"launchTemplateId":"lt-0123"},"iamInstanceProfile":{"name":"p"}}"#,
                &["?ec2:CreateTags", "=iam:PassRole"],
            ),
            (
                "ec2",
                "CopyImage",
                r#"{"copyImageTags":true}"#,
                &["?ec2:CreateTags"],
            ),
            ("ec2", "CopyImage", r#"{"copyImageTags":false}"#, &[]),
            (
                "ec2",
                "CreateSnapshots",
                r#"{"CreateSnapshotsRequest":{"CopyTagsFromSource":"volume"}}"#,
                &["?ec2:CreateTags"],
            ),
            (
                "rds",
                "CopyDBSnapshot",
                r#"{"copyTags":true}"#,
                &["?rds:AddTagsToResource"],
            ),
            (
                "rds",
                "CopyDBSnapshot",
                r#"{"copyTags":true,"tags":[{"key":"a"}]}"#,
                &["=rds:AddTagsToResource"],
            ),
            (
                "ecs",
                "RunTask",
                r#"{"taskDefinition":"web:3"}"#,
                &["?iam:PassRole"],
            ),
            (
                "ecs",
                "RunTask",
                r#"{"taskDefinition":"web:3","propagateTags":"TASK_DEFINITION"}"#,
                &["?ecs:TagResource", "?iam:PassRole"],
            ),
            // Settings whose names end as those of tags do.
            (
                "ecs",
                "RunTask",
                r#"{"taskDefinition":"web:3","propagateTags":"NONE"}"#,
                &["?iam:PassRole"],
            ),
            (
                "ec2",
                "RunInstances",
                r#"{"metadataOptions":{"instanceMetadataTags":"disabled"}}"#,
                &[],
            ),
            // Tags of later instances, and of the template.
            (
                "ec2",
                "CreateLaunchTemplate",
                r#"{"CreateLaunchTemplateRequest":{"LaunchTemplateData":{"TagSpecification":{"Tag":{"Key":"a"}}}}}"#,
                &["?ec2:CreateTags"],
            ),
            (
                "ec2",
                "CreateLaunchTemplate",
                r#"{"CreateLaunchTemplateRequest":{"TagSpecification":{"Tag":{"Key":"a"}}}}"#,
                &["=ec2:CreateTags"],
            ),
        ] {
            let found = uses(source, name, Some(request));
            let found: Vec<_> = found
                .iter()
                .filter(|used| used.ends_with("PassRole") || used.contains("Tag"))
                .collect();
            assert_eq!(found, expected, "{name} {request}");
            let kind = resolve(source, name).kind.unwrap();
            let may = Catalog::embedded().may_decide_uses(kind, request.as_bytes(), b"");
            assert!(may || expected.is_empty(), "{name} {request}");
        }
        assert!(implies("sts", "AssumeRole", "sts:SetSourceIdentity"));
    }

    #[test]
    fn api_keys_of_bedrock_show_in_the_record() {
        let catalog = Catalog::embedded();
        let event = resolve("bedrock", "InvokeModel");
        let uses = |additional| {
            let fields = ConditionFields::new(Some("{}"), additional);
            let uses: Vec<_> = catalog.decided_uses(&event, &fields).collect();
            uses.iter()
                .any(|used| full_name(used.action) == "bedrock:CallWithBearerToken")
        };
        assert!(uses(Some(r#"{"callWithBearerToken":true}"#)));
        assert!(!uses(Some(r#"{"callWithBearerToken":false}"#)));
        assert!(!uses(None));
    }

    #[test]
    fn most_events_need_no_fields() {
        let catalog = Catalog::embedded();
        let needed = |source, name| catalog.fields_needed(&resolve(source, name));
        assert!(!needed("ec2", "DescribeInstances").any());
        assert!(!needed("kms", "ReEncrypt").any());
        assert!(!needed("s3", "NoSuchThing").any());
        assert!(needed("s3", "GetObject").request_parameters);
        assert!(!needed("s3", "GetObject").additional_event_data);
        assert!(needed("autoscaling", "PutScalingPolicy").additional_event_data);
        let plain = resolve("ec2", "DescribeInstances");
        let fields = ConditionFields::new(Some("{}"), None);
        assert_eq!(catalog.resolve_record(&plain, &fields), plain);
        assert_eq!(catalog.decided_uses(&plain, &fields).count(), 0);
    }

    #[test]
    fn kinds_list_what_they_imply() {
        let catalog = Catalog::embedded();
        let kind = resolve("ec2", "RunInstances").kind.unwrap();
        assert_eq!(catalog.event_kind(kind).name(), "RunInstances");
        let implied: Vec<_> = catalog
            .implied_actions(kind)
            .map(|implied| (full_name(implied.action), format!("{:?}", implied.when)))
            .collect();
        assert_eq!(implied.len(), 2);
        assert!(implied[1].0 == "iam:PassRole" && implied[1].1.starts_with("Exactly"));
        let when = |source, name, action: &str| {
            let kind = resolve(source, name).kind.unwrap();
            let mut implied = catalog.implied_actions(kind);
            let found = implied.find(|implied| full_name(implied.action) == action);
            found.map(|implied| implied.when).unwrap()
        };
        assert!(matches!(
            when("sns", "CreateTopic", "iam:PassRole"),
            ImpliedWhen::AtLeast(condition) if condition.name() == "role"
        ));
        assert!(matches!(
            when("kms", "ReEncrypt", "kms:ReEncryptTo"),
            ImpliedWhen::Always
        ));
        assert!(matches!(
            when("s3", "GetObject", "s3:GetObjectTagging"),
            ImpliedWhen::Undecided
        ));
        let names: Vec<_> = catalog.conditions().map(RecordCondition::name).collect();
        assert!(names.is_sorted() && names.contains(&"version"));
        let lambda = catalog
            .event_kinds()
            .find(|(_, kind)| kind.name() == "Invoke");
        let types = lambda.map(|(_, kind)| kind.data_resource_types().collect::<Vec<_>>());
        assert_eq!(types, Some(vec!["AWS::Lambda::Function"]));
    }
}
