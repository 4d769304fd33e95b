//! The exit statuses of the program, as numbers and as `--help` documents them.

/// The command failed.
pub(crate) const FAILED: u8 = 1;
/// There is a result, but some objects of the trail could not be read.
pub(crate) const INCOMPLETE: u8 = 3;
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

/// The same for commands that read a trail.
macro_rules! trail_help {
    ($text:literal) => {
        concat!(
            $text,
            "\n\nExit status:\n",
            "  0    success\n",
            "  1    failure, without a result; also when --strict finds anything\n",
            "  2    wrong usage\n",
            "  3    there is a result, but objects of the trail could not be read, and what they hold may\n",
            "       be missing from it\n",
            "  130  stopped by Ctrl-C or SIGTERM"
        )
    };
}

pub(crate) use {help, trail_help};
