//! The fields of a record that count.

use super::keys::{Keys, OTHER};
use super::walk::Members;

// The numbers of the fields that count.
pub(super) const USER_IDENTITY: u8 = 0;
pub(super) const EVENT_TIME: u8 = 1;
pub(super) const EVENT_SOURCE: u8 = 2;
pub(super) const EVENT_NAME: u8 = 3;
pub(super) const AWS_REGION: u8 = 4;
pub(super) const ERROR_CODE: u8 = 5;
pub(super) const ERROR_MESSAGE: u8 = 6;
pub(super) const REQUEST_PARAMETERS: u8 = 7;
pub(super) const RESPONSE_ELEMENTS: u8 = 8;
pub(super) const ADDITIONAL_EVENT_DATA: u8 = 9;
pub(super) const EVENT_ID: u8 = 10;
pub(super) const READ_ONLY: u8 = 11;
pub(super) const RESOURCES: u8 = 12;
pub(super) const EVENT_TYPE: u8 = 13;
pub(super) const MANAGEMENT_EVENT: u8 = 14;
pub(super) const RECIPIENT_ACCOUNT_ID: u8 = 15;
pub(super) const ADDENDUM: u8 = 16;
pub(super) const EVENT_CATEGORY: u8 = 17;

/// The values of a record that count.
pub(super) type Fields = Members<19>;

#[rustfmt::skip]
pub(super) static KEYS: Keys<31> = Keys::new([
    ("eventVersion", OTHER), ("userIdentity", USER_IDENTITY), ("eventTime", EVENT_TIME), ("eventSource", EVENT_SOURCE),
    ("eventName", EVENT_NAME), ("awsRegion", AWS_REGION), ("sourceIPAddress", OTHER), ("userAgent", OTHER),
    ("errorCode", ERROR_CODE), ("errorMessage", ERROR_MESSAGE), ("requestParameters", REQUEST_PARAMETERS),
    ("responseElements", RESPONSE_ELEMENTS), ("additionalEventData", ADDITIONAL_EVENT_DATA), ("requestID", OTHER),
    ("eventID", EVENT_ID), ("readOnly", READ_ONLY), ("resources", RESOURCES), ("eventType", EVENT_TYPE), ("apiVersion", OTHER),
    ("managementEvent", MANAGEMENT_EVENT), ("recipientAccountId", RECIPIENT_ACCOUNT_ID), ("sharedEventID", OTHER),
    ("vpcEndpointId", OTHER), ("vpcEndpointAccountId", OTHER), ("serviceEventDetails", OTHER), ("addendum", ADDENDUM),
    ("eventCategory", EVENT_CATEGORY), ("tlsDetails", OTHER), ("sessionCredentialFromConsole", OTHER),
    ("edgeDeviceDetails", OTHER), ("eventContext", OTHER),
]);
