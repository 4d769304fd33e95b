//! Unsigned integers in as few bytes as they need: seven bits a byte, the lowest first (LEB128).

pub(crate) fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        // The low seven bits, and a mark that more follow.
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A signed integer: small ones of either sign take few bytes.
pub(crate) fn push_signed(bytes: &mut Vec<u8>, value: i64) {
    push(bytes, ((value << 1) ^ (value >> 63)) as u64);
}

/// Reads an integer that [`push`] wrote. `None` at the end.
pub(crate) fn read<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    for byte in bytes {
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_as_few_bytes_as_they_need() {
        let bytes = |value| {
            let mut bytes = Vec::new();
            push(&mut bytes, value);
            bytes
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(127), [0x7f]);
        assert_eq!(bytes(300), [0xac, 0x02]);
        assert_eq!(bytes(u64::MAX).len(), 10);
        assert_eq!(read(&mut bytes(300).iter()), Some(300));
        assert_eq!(read(&mut bytes(u64::MAX).iter()), Some(u64::MAX));
        assert_eq!(read(&mut [].iter()), None);
        let mut signed = Vec::new();
        push_signed(&mut signed, -1);
        push_signed(&mut signed, 1);
        assert_eq!(signed, [1, 2]);
    }
}
