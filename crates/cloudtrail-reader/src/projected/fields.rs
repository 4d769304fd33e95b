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

const UUID: u8 = super::noted::UUID as u8;

#[rustfmt::skip]
pub(super) static KEYS: Keys<31> = Keys::new([
    ("eventVersion", OTHER, 4), ("userIdentity", USER_IDENTITY, 0), ("eventTime", EVENT_TIME, 20), ("eventSource", EVENT_SOURCE, 0),
    ("eventName", EVENT_NAME, 0), ("awsRegion", AWS_REGION, 9), ("sourceIPAddress", OTHER, 0), ("userAgent", OTHER, 0),
    ("errorCode", ERROR_CODE, 0), ("errorMessage", ERROR_MESSAGE, 0), ("requestParameters", REQUEST_PARAMETERS, 0),
    ("responseElements", RESPONSE_ELEMENTS, 0), ("additionalEventData", ADDITIONAL_EVENT_DATA, 0), ("requestID", OTHER, UUID),
    ("eventID", EVENT_ID, UUID), ("readOnly", READ_ONLY, 0), ("resources", RESOURCES, 0), ("eventType", EVENT_TYPE, 10),
    ("apiVersion", OTHER, 10), ("managementEvent", MANAGEMENT_EVENT, 0), ("recipientAccountId", RECIPIENT_ACCOUNT_ID, 12),
    ("sharedEventID", OTHER, UUID), ("vpcEndpointId", OTHER, 22), ("vpcEndpointAccountId", OTHER, 12), ("serviceEventDetails", OTHER, 0),
    ("addendum", ADDENDUM, 0), ("eventCategory", EVENT_CATEGORY, 10), ("tlsDetails", OTHER, 0),
    ("sessionCredentialFromConsole", OTHER, 4), ("edgeDeviceDetails", OTHER, 0), ("eventContext", OTHER, 0),
]);
