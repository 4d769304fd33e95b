//! User agents of programs, tools, and browsers in many versions.

use std::fmt::Write as _;

use crate::names::TEAMS;
use crate::seeded::Seeded;

/// What kind of program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A service that uses an AWS SDK.
    Service,
    /// A function in AWS Lambda.
    Function,
    /// A person at the command line.
    CommandLine,
    /// A person in the console.
    Console,
    /// A controller in Kubernetes.
    Controller,
    /// A pipeline.
    Pipeline,
}

/// Draws a user agent, escaped as in JSON.
pub(super) fn draw(program: Program, random: &mut Seeded) -> String {
    let mut agent = String::new();
    // Writing to a string cannot fail.
    let _ = match program {
        Program::Service => match random.below(7) {
            0 => write!(
                agent,
                "aws-sdk-java/2.{}.{} md/io#async md/http#NettyNio ua/2.1 os/Linux#{} lang/java#{} \
                 md/OpenJDK_64-Bit_Server_VM#{}+8-LTS md/vendor#{} md/en exec-env/AWS_ECS_FARGATE m/F,D,N",
                random.between(20, 35),
                random.below(40),
                kernel(random),
                random.pick(&["17.0.16", "21.0.8", "25.0.1"]),
                random.pick(&["17.0.16", "21.0.8", "25.0.1"]),
                random.pick(&["Amazon.com_Inc.", "Eclipse_Adoptium", "Azul_Systems__Inc."]),
            ),
            1 => write!(
                agent,
                "aws-sdk-java/1.12.{} Linux/{} OpenJDK_64-Bit_Server_VM/11.0.{}+9-LTS java/11.0.{} kotlin/1.9.{} \
                 vendor/Amazon.com_Inc. cfg/retry-mode/legacy",
                random.between(400, 790),
                kernel(random),
                random.between(18, 28),
                random.between(18, 28),
                random.below(25),
            ),
            2 => boto(random, &mut agent, ""),
            3 => write!(
                agent,
                "aws-sdk-go-v2/1.{}.{} ua/2.1 os/linux lang/go#1.{}.{} md/GOOS#linux md/GOARCH#{} api/{}#1.{}.{} m/E,e",
                random.between(21, 39),
                random.below(9),
                random.between(21, 25),
                random.below(9),
                random.pick(&["amd64", "arm64"]),
                random.pick(&["s3", "sqs", "dynamodb", "ssm", "ecs"]),
                random.between(20, 90),
                random.below(9),
            ),
            4 => write!(
                agent,
                "aws-sdk-rust/1.3.{} ua/2.1 api/{}/1.{}.0 os/linux lang/rust/1.{}.0 m/E app/{}-worker",
                random.below(12),
                random.pick(&["sqs", "s3", "dynamodb", "kinesis"]),
                random.between(40, 95),
                random.between(78, 91),
                random.pick(&TEAMS),
            ),
            5 => write!(
                agent,
                "aws-sdk-dotnet-coreclr/4.0.{}.{} ua/2.1 os/linux#{} md/ARCH#X64 lang/.NET_Core#9.0.{} \
                 md/aws-sdk-dotnet-core#4.0.0.{} api/S3#4.0.6.{} cfg/retry-mode#legacy md/ClientAsync",
                random.below(9),
                random.below(20),
                kernel(random),
                random.below(10),
                random.below(30),
                random.below(9),
            ),
            _ => write!(
                agent,
                "amazon-ssm-agent/3.3.{}.0 aws-sdk-go/1.55.{} (go1.24.{}; linux; amd64)",
                random.between(800, 2_400),
                random.below(8),
                random.below(8)
            ),
        },
        Program::Function => match random.below(3) {
            0 => boto(random, &mut agent, "exec-env/AWS_Lambda_python3.13 "),
            1 => write!(
                agent,
                "aws-sdk-js/3.{}.0 ua/2.1 os/linux#{} lang/js md/nodejs#22.{}.0 exec-env/AWS_Lambda_nodejs22.x \
                 api/{}#3.{}.0 m/E,C,D",
                random.between(600, 930),
                kernel(random),
                random.below(20),
                random.pick(&["dynamodb", "s3", "sns", "eventbridge"]),
                random.between(600, 930),
            ),
            _ => write!(
                agent,
                "aws-sdk-ruby3/3.{}.{} ua/2.1 api/lambda#1.{}.0 os/linux#{} md/x86_64 lang/ruby#3.4.{} md/3.4.2",
                random.between(180, 230),
                random.below(5),
                random.between(90, 150),
                kernel(random),
                random.below(8),
            ),
        },
        Program::CommandLine => match random.below(4) {
            0 => write!(
                agent,
                "aws-cli/2.{}.{} md/awscrt#0.{}.{} ua/2.1 os/{} md/arch#{} lang/python#3.13.{} md/pyimpl#CPython \
                 m/AC,W,b,Z cfg/retry-mode#standard md/installer#exe sid/{:012x} md/prompt#off md/command#{}",
                random.between(15, 33),
                random.below(60),
                random.between(19, 28),
                random.below(9),
                random.pick(&[
                    "macos#24.6.0",
                    "macos#25.1.0",
                    "windows#11",
                    "linux#6.8.0-86-generic"
                ]),
                random.pick(&["arm64", "x86_64", "amd64"]),
                random.below(9),
                random.draw() >> 16,
                random.pick(&[
                    "ec2.describe-instances",
                    "s3.ls",
                    "sts.get-caller-identity",
                    "logs.tail",
                    "ssm.start-session"
                ]),
            ),
            1 => write!(
                agent,
                "[aws-cli/2.{}.{} md/awscrt#0.23.8 ua/2.0 os/linux#{} md/arch#x86_64 lang/python#3.12.{} md/prompt#off]",
                random.between(15, 24),
                random.below(40),
                kernel(random),
                random.below(9)
            ),
            2 => boto(random, &mut agent, ""),
            _ => terraform(random, &mut agent),
        },
        Program::Console => match random.below(6) {
            0 => write!(agent, "AWS Internal"),
            1 => write!(
                agent,
                "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.{} Linux/{} OpenJDK_64-Bit_Server_VM/25.372-b08 \
                 java/1.8.0_{} vendor/Oracle_Corporation cfg/retry-mode/standard]",
                random.between(400, 790),
                kernel(random),
                random.between(372, 462)
            ),
            2 => write!(
                agent,
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
                v = random.between(128, 146)
            ),
            3 => write!(
                agent,
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/{}.{} Safari/605.1.15",
                random.pick(&[17, 18, 26]),
                random.below(6)
            ),
            _ => write!(
                agent,
                "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36{}",
                random.pick(&[
                    "Windows NT 10.0; Win64; x64",
                    "Macintosh; Intel Mac OS X 10_15_7",
                    "X11; Linux x86_64"
                ]),
                random.between(128, 143),
                random.pick(&["", "", " Edg/142.0.0.0", " OPR/122.0.0.0"])
            ),
        },
        Program::Controller => write!(
            agent,
            "{}-{}.{}.{} aws-sdk-go-v2/1.{}.{} ua/2.1 os/linux lang/go#1.25.{} md/GOOS#linux md/GOARCH#amd64 api/ec2#1.{}.0 m/g,u",
            random.pick(&[
                "karpenter.sh",
                "elbv2.k8s.aws/v2",
                "external-dns",
                "cluster-autoscaler",
                "ebs-csi-driver",
                "crossplane.io provider-aws"
            ]),
            random.below(3),
            random.below(30),
            random.below(9),
            random.between(30, 39),
            random.below(9),
            random.below(5),
            random.between(200, 260),
        ),
        Program::Pipeline => match random.below(3) {
            0 => boto(random, &mut agent, "md/internal "),
            1 => write!(
                agent,
                "aws-sdk-nodejs/2.{}.0 linux/v20.{}.0 configure-aws-credentials-for-github-actions promise",
                random.between(1_400, 1_700),
                random.below(20)
            ),
            _ => terraform(random, &mut agent),
        },
    };
    agent
}

fn boto(random: &mut Seeded, agent: &mut String, environment: &str) -> std::fmt::Result {
    let (minor, patch) = (random.between(34, 42), random.below(90));
    write!(
        agent,
        "Boto3/1.{minor}.{patch} md/Botocore#1.{minor}.{patch} ua/2.{} os/linux#{} md/arch#{} lang/python#3.{}.{} \
         md/pyimpl#CPython {environment}m/b,Z,D cfg/retry-mode#legacy Botocore/1.{minor}.{patch}",
        random.below(2),
        kernel(random),
        random.pick(&["x86_64", "aarch64"]),
        random.between(9, 14),
        random.below(20),
    )
}

fn terraform(random: &mut Seeded, agent: &mut String) -> std::fmt::Result {
    write!(
        agent,
        "APN/1.0 HashiCorp/1.0 Terraform/1.{}.{} (+https://www.terraform.io) terraform-provider-aws/{}.{}.0 \
         (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.{}.{} ua/2.1 os/linux lang/go#1.24.{} \
         md/GOOS#linux md/GOARCH#amd64 api/{}#1.{}.1",
        random.between(5, 14),
        random.below(9),
        random.between(4, 6),
        random.below(90),
        random.between(25, 39),
        random.below(9),
        random.below(9),
        random.pick(&["ec2", "iam", "s3", "rds", "route53"]),
        random.between(30, 250),
    )
}

fn kernel(random: &mut Seeded) -> String {
    format!(
        "{}.{}-{}.amzn2023.x86_64",
        random.pick(&["5.10", "6.1", "6.12"]),
        random.between(100, 250),
        random.between(100, 290)
    )
}
