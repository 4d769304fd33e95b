//! The resource types of data events of products that have more than one. A trail's selectors choose each of them by itself.

/// Source: `CloudTrail` User Guide, "Logging data events", read on 2026-11-26.
const OF_SEVERAL: [&str; 127] = [
    "AWS::AIDevOps::AgentSpace",
    "AWS::AIDevOps::Association",
    "AWS::AIDevOps::OperatorAppTeam",
    "AWS::AIDevOps::PipelineMetadata",
    "AWS::AIDevOps::Service",
    "AWS::Bedrock::AdvancedOptimizePromptJob",
    "AWS::Bedrock::AgentAlias",
    "AWS::Bedrock::AsyncInvoke",
    "AWS::Bedrock::AutomatedReasoningPolicy",
    "AWS::Bedrock::AutomatedReasoningPolicyVersion",
    "AWS::Bedrock::Blueprint",
    "AWS::Bedrock::DataAutomationInvocation",
    "AWS::Bedrock::DataAutomationProfile",
    "AWS::Bedrock::DataAutomationProject",
    "AWS::Bedrock::FlowAlias",
    "AWS::Bedrock::FlowExecution",
    "AWS::Bedrock::Guardrail",
    "AWS::Bedrock::InlineAgent",
    "AWS::Bedrock::KnowledgeBase",
    "AWS::Bedrock::Model",
    "AWS::Bedrock::PromptVersion",
    "AWS::Bedrock::Session",
    "AWS::Bedrock::Tool",
    "AWS::BedrockAgentCore::APIKeyCredentialProvider",
    "AWS::BedrockAgentCore::Browser",
    "AWS::BedrockAgentCore::BrowserCustom",
    "AWS::BedrockAgentCore::CodeInterpreter",
    "AWS::BedrockAgentCore::CodeInterpreterCustom",
    "AWS::BedrockAgentCore::Evaluator",
    "AWS::BedrockAgentCore::Gateway",
    "AWS::BedrockAgentCore::Memory",
    "AWS::BedrockAgentCore::OAuth2CredentialProvider",
    "AWS::BedrockAgentCore::Runtime",
    "AWS::BedrockAgentCore::RuntimeEndpoint",
    "AWS::BedrockAgentCore::TokenVault",
    "AWS::BedrockAgentCore::WorkloadIdentity",
    "AWS::BedrockAgentCore::WorkloadIdentityDirectory",
    "AWS::Cassandra::Stream",
    "AWS::Cassandra::Table",
    "AWS::CloudOptimization::Profile",
    "AWS::CloudOptimization::Recommendation",
    "AWS::CodeWhisperer::Customization",
    "AWS::CodeWhisperer::Profile",
    "AWS::Deadline::Fleet",
    "AWS::Deadline::Job",
    "AWS::Deadline::Queue",
    "AWS::Deadline::Worker",
    "AWS::DynamoDB::Stream",
    "AWS::DynamoDB::Table",
    "AWS::EC2::InstanceConnectEndpoint",
    "AWS::EC2::Snapshot",
    "AWS::GameLiftStreams::Application",
    "AWS::GameLiftStreams::StreamGroup",
    "AWS::GreengrassV2::ComponentVersion",
    "AWS::GreengrassV2::Deployment",
    "AWS::GuardDuty::Detector",
    "AWS::GuardDuty::MalwareScan",
    "AWS::IoT::Certificate",
    "AWS::IoT::Thing",
    "AWS::IoTSiteWise::Asset",
    "AWS::IoTSiteWise::TimeSeries",
    "AWS::IoTTwinMaker::Entity",
    "AWS::IoTTwinMaker::Workspace",
    "AWS::Kinesis::Stream",
    "AWS::Kinesis::StreamConsumer",
    "AWS::KinesisVideo::SignalingChannel",
    "AWS::KinesisVideo::Stream",
    "AWS::ManagedBlockchain::Network",
    "AWS::ManagedBlockchain::Node",
    "AWS::MedicalImaging::Datastore",
    "AWS::MedicalImaging::Imageset",
    "AWS::NetworkFlowMonitor::Monitor",
    "AWS::NetworkFlowMonitor::Scope",
    "AWS::NovaAct::WorkflowDefinition",
    "AWS::NovaAct::WorkflowRun",
    "AWS::One::UKey",
    "AWS::One::User",
    "AWS::PaymentCryptography::Alias",
    "AWS::PaymentCryptography::Key",
    "AWS::QApps::QApp",
    "AWS::QApps::QAppSession",
    "AWS::QBusiness::Application",
    "AWS::QBusiness::DataSource",
    "AWS::QBusiness::Index",
    "AWS::QBusiness::Integration",
    "AWS::QBusiness::WebExperience",
    "AWS::QuickSight::Flow",
    "AWS::QuickSight::FlowSession",
    "AWS::S3::AccessPoint",
    "AWS::S3::Object",
    "AWS::S3Tables::Table",
    "AWS::S3Tables::TableBucket",
    "AWS::S3Vectors::Index",
    "AWS::S3Vectors::VectorBucket",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SES::Template",
    "AWS::SMSVoice::Message",
    "AWS::SMSVoice::OriginationIdentity",
    "AWS::SNS::PlatformEndpoint",
    "AWS::SNS::Topic",
    "AWS::SSM::ExecutionPreview",
    "AWS::SSM::ManagedNode",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::ExperimentTrialComponent",
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::MlflowTrackingServer",
    "AWS::ServiceDiscovery::Namespace",
    "AWS::ServiceDiscovery::Service",
    "AWS::Signer::SigningJob",
    "AWS::Signer::SigningProfile",
    "AWS::SocialMessaging::PhoneNumberId",
    "AWS::SocialMessaging::WabaId",
    "AWS::StepFunctions::Activity",
    "AWS::StepFunctions::StateMachine",
    "AWS::SupportAccess::Tenant",
    "AWS::SupportAccess::TrustingAccount",
    "AWS::SupportAccess::TrustingRole",
    "AWS::ThinClient::Device",
    "AWS::ThinClient::Environment",
    "AWS::Timestream::Database",
    "AWS::Timestream::RegionalEndpoint",
    "AWS::Timestream::Table",
    "AWS::TransformCustom::Campaign",
    "AWS::TransformCustom::Conversation",
    "AWS::TransformCustom::KnowledgeItem",
    "AWS::TransformCustom::Package",
];

/// A resource type and the others of its product, such as `AWS::SES`.
pub(super) fn of_product(resource_type: &str) -> impl Iterator<Item = &str> {
    let product = resource_type.rsplit_once("::").map(|(product, _)| product);
    let others = OF_SEVERAL.into_iter().filter(move |other| {
        let of_other = other.rsplit_once("::").map(|(product, _)| product);
        *other != resource_type && of_other == product
    });
    std::iter::once(resource_type).chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_a_product_belong_together() {
        assert!(OF_SEVERAL.is_sorted());
        let of = |name| of_product(name).collect::<Vec<_>>();
        assert_eq!(
            of("AWS::SES::Template"),
            [
                "AWS::SES::Template",
                "AWS::SES::ConfigurationSet",
                "AWS::SES::EmailIdentity"
            ]
        );
        assert_eq!(of("AWS::S3Express::Object"), ["AWS::S3Express::Object"]);
        assert_eq!(of("AWS::New::Thing"), ["AWS::New::Thing"]);
        assert_eq!(of("Thing"), ["Thing"]);
    }
}
