//! The exit statuses of the program, as numbers and as `--help` documents them.

/// The command failed: there is no result.
pub(crate) const FAILED: u8 = 1;
/// There is a result, but something of the input is not in it: see [`MissingInput`](access_advisor::trail::MissingInput).
pub(crate) const INCOMPLETE: u8 = 3;
/// There is a result, and a finding of it is as severe as the command was told to fail on.
pub(crate) const FOUND: u8 = 4;
/// A signal stopped the command; what shells report for Ctrl-C.
pub(crate) const STOPPED: u8 = 130;

/// Joins examples and notes with the exit statuses of commands that finish or fail.
macro_rules! help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n  0  success\n  1  failure\n  2  wrong usage"
        )
    };
}

/// The same for commands that read account exports.
macro_rules! account_help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n",
            "  0  success\n",
            "  1  failure: nothing was imported\n",
            "  2  wrong usage\n",
            "  3  imported, but incomplete: the export is cut short, or users, groups, roles or policies were\n",
            "     left out"
        )
    };
}

/// The same for commands that read a trail.
macro_rules! trail_help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n",
            "  0    success: all of the input was read\n",
            "  1    failure, without a result; with --strict also when anything is missing (see 3)\n",
            "  2    wrong usage\n",
            "  3    there is a result, but it is incomplete, and what it lacks may look unused: objects could\n",
            "       not be read, hold a part of a result, or have changed since they were imported; records are\n",
            "       malformed or from the future; entities of the account data were left out; or the trail has\n",
            "       no record of the account\n",
            "  130  stopped by Ctrl-C or SIGTERM"
        )
    };
}

/// The same for commands that look for findings in a trail.
macro_rules! findings_help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n",
            "  0    success: all of the input was read, and no finding is as severe as --fail-on\n",
            "  1    failure, without a result\n",
            "  2    wrong usage\n",
            "  3    there is a result, but it is incomplete: see `access-advisor report --help`. Nothing is called\n",
            "       unused for want of what was not read\n",
            "  4    there is a result, and with --fail-on a finding is of that severity or worse; also when the\n",
            "       result is incomplete\n",
            "  130  stopped by Ctrl-C or SIGTERM"
        )
    };
}

pub(crate) use {account_help, findings_help, help, trail_help};
