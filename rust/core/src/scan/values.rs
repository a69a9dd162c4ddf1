//! Parses values of the elements that the scanner reads; any unusual form needs a full parser.

use super::ScanError;

/// PS3.5 9.1: numbers without leading zeros, separated by periods, padded by one NULL.
pub(super) fn uid(value: &[u8]) -> Result<&str, ScanError> {
    let text = value.strip_suffix(b"\0").unwrap_or(value);
    let number = |text: &[u8]| text.iter().all(u8::is_ascii_digit) && (text == b"0" || !text.starts_with(b"0"));
    let plain = text.len() <= 64 && text.split(|byte| *byte == b'.').all(|text| !text.is_empty() && number(text));
    std::str::from_utf8(text).ok().filter(|_| plain).ok_or(ScanError::NeedsFullParser)
}

/// PS3.5 6.2, CS: one value, without leading spaces.
pub(super) fn code_string(value: &[u8]) -> Result<&str, ScanError> {
    let text = value.trim_ascii_end();
    let plain = value.len() <= 16
        && text.first().is_some_and(u8::is_ascii_uppercase)
        && text.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b' '))
        && value[text.len()..].iter().all(|byte| *byte == b' ');
    std::str::from_utf8(text).ok().filter(|_| plain).ok_or(ScanError::NeedsFullParser)
}

/// PS3.5 6.2, IS: one value of digits only. Zero is unusual.
pub(super) fn count(value: &[u8]) -> Result<u32, ScanError> {
    let text = value.strip_suffix(b" ").unwrap_or(value);
    let plain = !text.is_empty() && text.len() <= 9 && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| plain)
        .and_then(|text| text.parse().ok())
        .filter(|count| *count > 0)
        .ok_or(ScanError::NeedsFullParser)
}

/// PS3.3 C.12.1.1.2: one term without code extensions, or several terms with them, of which the first may be empty.
pub(super) fn is_known_character_set(value: &[u8]) -> bool {
    let registered = |term: &[u8], prefix: &[u8]| {
        let number = term.strip_prefix(prefix).and_then(|number| std::str::from_utf8(number).ok());
        number.is_some_and(|number| {
            matches!(number, "6" | "13" | "100" | "101" | "109" | "110" | "126" | "127" | "138" | "144" | "148" | "166")
        })
    };
    let multi_byte =
        |term: &[u8]| matches!(term, b"ISO 2022 IR 87" | b"ISO 2022 IR 159" | b"ISO 2022 IR 149" | b"ISO 2022 IR 58");
    let mut terms = value.split(|byte| *byte == b'\\');
    let first = terms.next().unwrap_or_default();
    let extended = |term: &[u8]| registered(term, b"ISO 2022 IR ") || multi_byte(term);
    if value.contains(&b'\\') {
        return (first.is_empty() || extended(first)) && terms.all(extended);
    }
    registered(first, b"ISO_IR ") || matches!(first, b"ISO_IR 192" | b"GB18030" | b"GBK" | b"ISO 2022 IR 6")
}
