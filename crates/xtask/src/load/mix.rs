//! The requests of the clients, their proportions, and what a right answer contains.

use benches::{ACCOUNT_ID, AccountShape, Seeded};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::load::connection::{Answer, element};

/// Services that most generated policies grant.
const NAMESPACES: [&str; 10] = [
    "s3", "ec2", "logs", "iam", "dynamodb", "lambda", "kms", "sqs", "ecr", "rds",
];
/// Of this many prepared jobs, one is on a group and one on a policy.
const GROUP_AND_POLICY_EVERY: usize = 8;

/// An operation of the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LoadRequest {
    Get,
    Entities,
    Policies,
    Generate,
    Users,
}

impl LoadRequest {
    pub(crate) const ALL: [Self; 5] = [
        Self::Get,
        Self::Entities,
        Self::Policies,
        Self::Generate,
        Self::Users,
    ];

    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GetServiceLastAccessedDetails",
            Self::Entities => "GetServiceLastAccessedDetailsWithEntities",
            Self::Policies => "ListPoliciesGrantingServiceAccess",
            Self::Generate => "GenerateServiceLastAccessedDetails",
            Self::Users => "ListUsers",
        }
    }

    /// Its share of the requests, in percent.
    fn share(self) -> usize {
        match self {
            Self::Get => 70,
            Self::Entities | Self::Policies => 10,
            Self::Generate | Self::Users => 5,
        }
    }

    fn drawn(random: &mut Seeded) -> Self {
        let mut rest = random.below(100);
        for operation in Self::ALL {
            match rest.checked_sub(operation.share()) {
                Some(more) => rest = more,
                None => return operation,
            }
        }
        Self::Get
    }
}

/// The form of `Generate` for the prepared job with this index.
pub(crate) fn prepared_job(shape: &AccountShape, index: usize) -> String {
    let mut random = Seeded::of(shape.seed, "prepared job", index as u64);
    // The first policies have the most holders.
    let number = index / GROUP_AND_POLICY_EVERY;
    let arn = match index % GROUP_AND_POLICY_EVERY {
        0 => format!("arn:aws:iam::{ACCOUNT_ID}:group/group-{number}"),
        1 => format!("arn:aws:iam::{ACCOUNT_ID}:policy/policy-{number}"),
        _ => shape.identity(random.below(shape.identities)).arn,
    };
    generate(&arn, &mut random)
}

fn generate(arn: &str, random: &mut Seeded) -> String {
    let granularity = random.pick(&["SERVICE_LEVEL", "ACTION_LEVEL"]);
    let arn = [("Arn", arn), ("Granularity", granularity)];
    form(LoadRequest::Generate, &arn)
}

/// The form of `Generate` for a report with actions.
pub(crate) fn action_level_job(arn: &str) -> String {
    let parameters = [("Arn", arn), ("Granularity", "ACTION_LEVEL")];
    form(LoadRequest::Generate, &parameters)
}

/// The form of `Get` for a job.
pub(crate) fn first_page(job: &str) -> String {
    form(LoadRequest::Get, &[("JobId", job)])
}

/// The requests of one client. They depend on the seed and on the answers only.
#[derive(Debug)]
pub(crate) struct Mix<'a> {
    random: Seeded,
    shape: &'a AccountShape,
    jobs: &'a [String],
    /// The form for the next page of the current list, without the marker, and the marker.
    next_services: Option<(String, String)>,
    next_users: Option<String>,
    /// The form of the pending request for a page.
    asked: String,
}

impl<'a> Mix<'a> {
    pub(crate) fn new(shape: &'a AccountShape, jobs: &'a [String], client: u64) -> Self {
        Self {
            random: Seeded::of(shape.seed, "client", client),
            shape,
            jobs,
            next_services: None,
            next_users: None,
            asked: String::new(),
        }
    }

    /// The next request.
    pub(crate) fn next(&mut self) -> (LoadRequest, String) {
        let operation = LoadRequest::drawn(&mut self.random);
        let form = match operation {
            LoadRequest::Get => self.services(),
            LoadRequest::Entities => {
                let (job, namespace) = (self.job(), self.random.pick(&NAMESPACES));
                form(
                    operation,
                    &[("JobId", job), ("ServiceNamespace", namespace)],
                )
            }
            LoadRequest::Policies => {
                let arn = self.identity();
                let (one, other) = (self.random.pick(&NAMESPACES), self.random.pick(&NAMESPACES));
                let parameters = [
                    ("Arn", arn.as_str()),
                    ("ServiceNamespaces.member.1", one),
                    ("ServiceNamespaces.member.2", other),
                ];
                // The server drops duplicate namespaces.
                let given = if one == other { 2 } else { 3 };
                form(operation, parameters.get(..given).unwrap_or_default())
            }
            LoadRequest::Generate => generate(&self.identity(), &mut self.random),
            LoadRequest::Users => {
                let mut users = form(operation, &[("MaxItems", "100")]);
                if let Some(marker) = self.next_users.take() {
                    add(&mut users, "Marker", &marker);
                }
                users
            }
        };
        (operation, form)
    }

    /// The next page of the current report, or the first page of another one.
    fn services(&mut self) -> String {
        if let Some((mut form, marker)) = self.next_services.take() {
            self.asked.clone_from(&form);
            add(&mut form, "Marker", &marker);
            return form;
        }
        let mut form = first_page(self.job());
        let most = self.random.pick(&["", "", "10", "50"]);
        if !most.is_empty() {
            add(&mut form, "MaxItems", most);
        }
        self.asked.clone_from(&form);
        form
    }

    fn job(&mut self) -> &'a str {
        let index = self.random.below(self.jobs.len());
        self.jobs.get(index).map_or("", String::as_str)
    }

    fn identity(&mut self) -> String {
        let index = self.random.below(self.shape.identities);
        self.shape.identity(index).arn
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// A short message that says what is wrong. Equal faults have equal messages, so that they can be counted.
    pub(crate) fn take(
        &mut self,
        operation: LoadRequest,
        answer: Answer<'_>,
    ) -> Result<(), String> {
        let Answer { status, body } = answer;
        if status != 200 {
            let code = element(body, "Code").unwrap_or("no code");
            return Err(format!("{status} {code}"));
        }
        let marker = || element(body, "Marker").map(str::to_owned);
        let is_right = match operation {
            LoadRequest::Get => {
                let asked = std::mem::take(&mut self.asked);
                self.next_services = marker().map(|marker| (asked, marker));
                element(body, "JobStatus") == Some("COMPLETED")
            }
            LoadRequest::Entities => element(body, "JobStatus") == Some("COMPLETED"),
            LoadRequest::Policies => body.contains("<ServiceNamespace>"),
            LoadRequest::Generate => element(body, "JobId").is_some_and(|id| id.len() == 36),
            LoadRequest::Users => {
                self.next_users = marker();
                body.contains("<UserName>")
            }
        };
        if is_right {
            return Ok(());
        }
        Err("200 without what was asked for".to_owned())
    }
}

fn form(operation: LoadRequest, parameters: &[(&str, &str)]) -> String {
    let mut form = format!("Action={}&Version=2010-05-08", operation.name());
    for (name, value) in parameters {
        add(&mut form, name, value);
    }
    form
}

fn add(form: &mut String, name: &str, value: &str) {
    form.push('&');
    form.push_str(name);
    form.push('=');
    form.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_a_hundred() {
        let sum: usize = LoadRequest::ALL
            .iter()
            .map(|operation| operation.share())
            .sum();
        assert_eq!(sum, 100);
        let mut random = Seeded::new(1);
        let gets = (0..10_000).filter(|_| LoadRequest::drawn(&mut random) == LoadRequest::Get);
        assert!((6_800..7_200).contains(&gets.count()));
    }

    #[test]
    fn a_client_asks_the_same_every_time_and_follows_markers() {
        let shape = AccountShape::default();
        let jobs = ["a".to_owned(), "b".to_owned()];
        let mut first = Mix::new(&shape, &jobs, 7);
        let mut second = Mix::new(&shape, &jobs, 7);
        for _ in 0..200 {
            assert_eq!(first.next(), second.next());
        }
        let mut other = Mix::new(&shape, &jobs, 8);
        assert!((0..20).any(|_| first.next() != other.next()));

        first.asked = first_page("a");
        let body = "<JobStatus>COMPLETED</JobStatus><Marker>m/1</Marker>";
        let answer = Answer { status: 200, body };
        assert_eq!(first.take(LoadRequest::Get, answer), Ok(()));
        assert_eq!(first.services(), first_page("a") + "&Marker=m%2F1");

        let body = "<Error><Code>Throttling</Code></Error>";
        let answer = Answer { status: 400, body };
        let taken = first.take(LoadRequest::Generate, answer);
        assert_eq!(taken, Err("400 Throttling".to_owned()));
    }
}
