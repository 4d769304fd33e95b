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
            "  3  imported, but incomplete: the export is cut short, or users, groups,\n",
            "     roles or policies were left out"
        )
    };
}

/// The same for commands that answer from a store.
macro_rules! store_help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n",
            "  0  success\n",
            "  1  failure\n",
            "  2  wrong usage\n",
            "  3  there is an answer, but imports into the store could not read all of the\n",
            "     trail, and what it lacks may look unused"
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
            "  1    failure, without a result; with --strict also when anything is missing\n",
            "       (see 3)\n",
            "  2    wrong usage\n",
            "  3    there is a result, but it is incomplete, and what it lacks may look\n",
            "       unused: objects could not be read, hold a part of a result, or have\n",
            "       changed since they were imported; records are malformed or from the\n",
            "       future; entities of the account data were left out; or the trail has no\n",
            "       record of the account\n",
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
            "  0    success: all of the input was read, and no finding is as severe as\n",
            "       --fail-on\n",
            "  1    failure, without a result\n",
            "  2    wrong usage\n",
            "  3    there is a result, but it is incomplete: see\n",
            "       `access-advisor report --help`. Nothing is called unused for want of what\n",
            "       was not read\n",
            "  4    there is a result, and with --fail-on a finding is of that severity or\n",
            "       worse; also when the result is incomplete\n",
            "  130  stopped by Ctrl-C or SIGTERM"
        )
    };
}

pub(crate) use {account_help, findings_help, help, store_help, trail_help};
