//! From a text to tokens, byte by byte as OVN does.

use super::fault::{Fault, Problem};
use super::number;
use super::suggest;
use super::token::{Number, Operator, Span, Token};

/// What is always the same token, the longer before the shorter.
static SIGNS: &[(&str, Token<'static>)] = &[
    ("(", Token::LeftParenthesis),
    (")", Token::RightParenthesis),
    ("{", Token::LeftBrace),
    ("}", Token::RightBrace),
    ("[", Token::LeftBracket),
    ("]", Token::RightBracket),
    (",", Token::Comma),
    (";", Token::Other(";")),
    ("==", Token::Compare(Operator::Eq)),
    ("=", Token::Other("=")),
    ("!=", Token::Compare(Operator::Ne)),
    ("!", Token::Not),
    ("&&", Token::And),
    ("||", Token::Or),
    ("<->", Token::Other("<->")),
    ("<=", Token::Compare(Operator::Le)),
    ("<", Token::Compare(Operator::Lt)),
    (">=", Token::Compare(Operator::Ge)),
    (">", Token::Compare(Operator::Gt)),
    ("..", Token::Ellipsis),
    ("--", Token::Other("--")),
    ("-", Token::Other("-")),
];

/// The tokens of a text, with their places.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; behind the last one [`Token::End`], again and again.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Span), Fault> {
        self.skip()?;
        let start = self.at;
        let token = self.token(start);
        if token.is_err() {
            // Behind it nothing is certain.
            self.at = self.text.len();
        }
        let token = token?;
        Ok((token, Span { start, end: self.at }))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    /// Goes on to the next token.
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    let end = self.rest(self.at).iter().position(|byte| *byte == b'\n');
                    self.at = end.map_or(self.text.len(), |end| self.at + end);
                }
                (Some(b'/'), Some(b'*')) => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// A comment of this sort ends in its line, or not at all.
    fn skip_comment(&mut self) -> Result<(), Fault> {
        let start = self.at;
        // Read no further than to its end: there may be many in a line.
        let end = self.rest(start + 2).windows(2).position(|pair| pair == b"*/" || pair.first() == Some(&b'\n'));
        match end.map(|end| start + 2 + end).filter(|end| self.byte(*end) == Some(b'*')) {
            Some(end) => self.at = end + 2,
            None => {
                self.at = self.text.len();
                return Err(Fault::new(Problem::OpenComment, Span { start, end: start + 2 }));
            }
        }
        Ok(())
    }

    fn token(&mut self, start: usize) -> Result<Token<'a>, Fault> {
        let rest = self.rest(start);
        let Some(first) = rest.first().copied() else { return Ok(Token::End) };
        if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign.as_bytes())) {
            self.at = start + sign.len();
            return Ok(token.clone());
        }
        match first {
            b'&' | b'|' => {
                let fault = self.fault(Problem::Single(first.into()), start, 1);
                Err(fault.suggest(format!("write `{0}{0}`", char::from(first))))
            }
            b'/' => {
                let fault = self.fault(Problem::Single('/'), start, 1);
                Err(fault.suggest("a prefix length stands behind its address without a space"))
            }
            b'.' => Err(self.fault(Problem::Single('.'), start, 1)),
            b'"' => self.string(start),
            b'$' => self.name(start, '$').map(Token::AddressSet),
            b'@' => self.name(start, '@').map(Token::PortGroup),
            b'^' => self.name(start, '^').map(Token::Template),
            b'0'..=b'9' => self.number(start),
            _ if is_address(rest) => self.number(start),
            b':' => {
                self.at = start + 1;
                Ok(Token::Other(":"))
            }
            first if first.is_ascii_alphabetic() || first == b'_' => Ok(Token::Id(self.identifier(start))),
            _ => Err(self.character(start)),
        }
    }

    fn fault(&self, problem: Problem, start: usize, length: usize) -> Fault {
        // A fault covers whole characters.
        let end = (start + length..=self.text.len()).find(|at| self.text.is_char_boundary(*at));
        Fault::new(problem, Span { start, end: end.unwrap_or(self.text.len()) })
    }

    fn character(&self, start: usize) -> Fault {
        let character = self.text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        suggest::character(self.fault(Problem::Character(character), start, character.len_utf8()), character)
    }

    fn identifier(&mut self, start: usize) -> &'a str {
        let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let length = self.rest(start).iter().take_while(|byte| is_of_it(byte)).count();
        self.at = start + length;
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// What follows `$`, `@` or `^`.
    fn name(&mut self, start: usize, sign: char) -> Result<&'a str, Fault> {
        let begins = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.');
        if self.byte(start + 1).is_some_and(begins) {
            Ok(self.identifier(start + 1))
        } else {
            Err(self.fault(Problem::NoName(sign), start, 1))
        }
    }

    fn number(&mut self, start: usize) -> Result<Token<'a>, Fault> {
        let (value, end) = self.part_of_number(start)?;
        self.at = end;
        if self.byte(end) != Some(b'/') {
            return Ok(Token::Number(value));
        }
        let (mask, end_of_mask) = self.part_of_number(end + 1).map_err(|fault| match fault.problem {
            Problem::Number if fault.span.end <= end + 1 => self.fault(Problem::NoMask, start, end + 1 - start),
            _ => fault,
        })?;
        self.at = end_of_mask;
        let masked = number::masked(value, mask);
        masked.map(Token::Number).map_err(|problem| {
            suggest::mask(self.fault(problem, start, end_of_mask - start), value.format, mask.format)
        })
    }

    fn part_of_number(&self, start: usize) -> Result<(Number, usize), Fault> {
        let length = number::extent(self.rest(start));
        let text = self.text.get(start..start + length).unwrap_or_default();
        let number = number::parse(text).map_err(|problem| self.fault(problem, start, length))?;
        Ok((number, start + length))
    }

    fn string(&mut self, start: usize) -> Result<Token<'a>, Fault> {
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                None => return Err(self.fault(Problem::OpenString, start, self.text.len() - start)),
                Some(b'"') => break,
                Some(b'\\') if self.byte(at + 1).is_some() => at += 2,
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        let quoted = self.text.get(start + 1..at).unwrap_or_default();
        unescaped(quoted).map(Token::String).ok_or_else(|| self.fault(Problem::Escape, start, at + 1 - start))
    }
}

/// Whether this is the beginning of an address: two colons, or hexadecimal digits and a colon.
fn is_address(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = text.get(digits..).unwrap_or_default();
    if digits > 0 { rest.starts_with(b":") } else { rest.starts_with(b"::") }
}

/// The text of a string of JSON, where control characters may stand as they are; none if an escape is not one, or is NUL.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        out.push(match characters.next()? {
            same @ ('"' | '\\' | '/') => same,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => unicode(&mut characters)?,
            _ => return None,
        });
    }
    Some(out)
}

/// What follows `\u`: one unit, or the two of a pair.
fn unicode(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let first = unit(characters)?;
    let mut units = vec![first];
    if (0xd800..0xdc00).contains(&first) {
        if characters.next()? != '\\' || characters.next()? != 'u' {
            return None;
        }
        units.push(unit(characters)?);
    }
    let character = char::decode_utf16(units).next()?.ok()?;
    (character != '\0').then_some(character)
}

fn unit(characters: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut value = 0;
    for _ in 0..4 {
        value = value << 4 | u16::try_from(characters.next()?.to_digit(16)?).ok()?;
    }
    Some(value)
}
