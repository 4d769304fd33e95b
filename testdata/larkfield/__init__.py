"""The account and the trail of Larkfield, an invented company."""
