//! The digits of floats.
//!
//! They are read from what `serde_json` writes, which is linked anyway: the formatting of floats in the standard library
//! alone would make 20 KB of WebAssembly.

/// The fewest digits that mean a number: `0.digits` times ten to the power of `point`.
#[derive(Debug)]
pub(super) struct Decimal {
    sign: &'static str,
    digits: String,
    point: i32,
}

impl Decimal {
    /// Reads a number of JSON in its shortest form.
    pub(super) fn read(shortest: &str) -> Option<Self> {
        let (sign, amount) = shortest.strip_prefix('-').map_or(("", shortest), |amount| ("-", amount));
        let (digits, exponent) = amount.split_once('e').unwrap_or((amount, "0"));
        let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{before}{after}");
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { sign, digits: "0".to_owned(), point: 1 });
        }
        let leading_zeros = i32::try_from(all.len() - digits.len()).ok()?;
        let point = i32::try_from(before.len()).ok()? + exponent.parse::<i32>().ok()? - leading_zeros;
        Some(Self { sign, digits: digits.trim_end_matches('0').to_owned(), point })
    }

    /// Without a fraction and an exponent; none if it has a fraction.
    pub(super) fn whole(&self) -> Option<String> {
        let zeros = usize::try_from(self.point).ok()?.checked_sub(self.digits.len())?;
        Some(format!("{}{}{}", self.sign, self.digits, "0".repeat(zeros)))
    }

    /// As `%g` of C writes it: with an exponent if that is below -4 or above 5.
    pub(super) fn general(&self) -> String {
        let Self { sign, digits, point } = self;
        let exponent = point - 1;
        match exponent {
            0..6 => self.whole().unwrap_or_else(|| format!("{sign}{}", dotted(digits, *point))),
            -4..0 => format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
            _ => format!("{sign}{}e{exponent:+03}", dotted(digits, 1)),
        }
    }
}

/// Digits with a dot behind as many, if there are more.
fn dotted(digits: &str, point: i32) -> String {
    match usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point)) {
        Some((before, after)) if !after.is_empty() => format!("{before}.{after}"),
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let whole = |number: &str| Decimal::read(number).unwrap().whole();
        assert_eq!(whole("1e3").as_deref(), Some("1000"));
        assert_eq!(whole("-1.5e1").as_deref(), Some("-15"));
        assert_eq!(whole("120.0").as_deref(), Some("120"));
        assert_eq!(whole("0.0").as_deref(), Some("0"));
        assert_eq!(whole("0.5"), None);
        assert_eq!(whole("1.25e1"), None);
    }

    #[test]
    fn an_exponent_stands_where_c_has_one() {
        let general = |number: &str| Decimal::read(number).unwrap().general();
        assert_eq!(general("0.0001"), "0.0001");
        assert_eq!(general("0.00001234"), "1.234e-05");
        assert_eq!(general("-0.25"), "-0.25");
        assert_eq!(general("123456.5"), "123456.5");
        assert_eq!(general("100000.0"), "100000");
        assert_eq!(general("1000000.0"), "1e+06");
        assert_eq!(general("1.5e-10"), "1.5e-10");
        assert_eq!(general("3.4e38"), "3.4e+38");
        assert_eq!(general("-0.0"), "-0");
    }
}
