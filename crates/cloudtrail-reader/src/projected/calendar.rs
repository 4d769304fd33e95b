//! Times of events, read fast where they are of the same day.

use crate::record::checks;

/// The day that was asked for last: records of an object are of one day or two.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    date: [u8; 10],
    /// When it starts, in UTC milliseconds.
    millis: i64,
}

impl Calendar {
    /// The time in UTC milliseconds, if it is in order.
    #[inline]
    pub(crate) fn millis(&mut self, text: &[u8]) -> Option<i64> {
        if let Some((date, [b'T', h, hh, b':', m, mm, b':', s, ss, b'Z'])) =
            text.split_first_chunk::<10>()
            && *date == self.date
        {
            let number = |tens: &u8, ones: &u8, below: u32| {
                let digits = [tens, ones].map(|digit| u32::from(digit.wrapping_sub(b'0')));
                let [tens, ones] = digits;
                let number = tens * 10 + ones;
                (tens < 10 && ones < 10 && number < below).then_some(i64::from(number))
            };
            if let (Some(hours), Some(minutes), Some(seconds)) =
                (number(h, hh, 24), number(m, mm, 60), number(s, ss, 60))
            {
                return Some(self.millis + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
            }
        }
        self.read(text)
    }

    fn read(&mut self, text: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(text).ok()?;
        let millis = checks::time(Some(text)).ok()?;
        if let Some((date, [b'T', .., b'Z'])) = text.as_bytes().split_first_chunk::<10>() {
            let midnight = format!("{}T00:00:00Z", text.get(..10)?);
            if let Ok(millis) = checks::time(Some(&midnight)) {
                (self.date, self.millis) = (*date, millis);
            }
        }
        Some(millis)
    }
}
