//! The engine of access-advisor: account, reach, activity and last-accessed reports. No files, no network, no clock.
