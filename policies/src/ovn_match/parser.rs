//! From tokens to an expression. What stands wrong ends it; what means nothing is noted, and it goes on.

use super::check;
use super::fault::{Fault, Problem};
use super::lexer::Lexer;
use super::suggest;
use super::symbols::{NO_FIELD, Symbol, Version, find};
use super::token::{Format, Number, Operator, Span, Token};
use super::tree::{Comparison, Constant, Constants, Expression, Field};

/// How deep parentheses may be nested.
const DEEPEST: usize = 100;

/// For how many fields that do not exist it is looked for what was meant: more faults are not reported.
const MOST_GUESSED: usize = 20;

/// What cannot be read, beyond which nothing is read.
type Syntax<T> = Result<T, Fault>;

/// Reads a match. The faults are in the order of the text; the expression is there only if all could be read.
pub(super) fn parse(text: &str, version: Version) -> (Option<Expression>, Vec<Fault>) {
    let mut parser = match Parser::new(text, version) {
        Ok(parser) => parser,
        Err(fault) => return (None, vec![fault]),
    };
    match parser.all() {
        Ok(expression) => (Some(expression), parser.faults),
        Err(fault) => {
            parser.faults.push(fault);
            (None, parser.faults)
        }
    }
}

/// Where a comment begins that goes to the end of a text which can be read.
pub(super) fn open_comment(text: &str) -> Option<Span> {
    let mut lexer = Lexer::new(text);
    let mut end = 0;
    while let Ok((token, span)) = lexer.next() {
        if token == Token::End {
            break;
        }
        end = span.end;
    }
    // Behind the last token there are only blanks and comments, of which those that are closed end in their line.
    let rest = text.get(end..)?;
    let line = end + rest.rfind('\n').map_or(0, |at| at + 1);
    let mut at = line;
    while let Some(rest) = text.get(at..) {
        match rest.find('/') {
            Some(slash) if rest.get(slash..)?.starts_with("//") => {
                return Some(Span { start: at + slash, end: text.len() });
            }
            Some(slash) => at += slash + rest.get(slash..)?.find("*/")? + 2,
            None => return None,
        }
    }
    None
}

struct Parser<'a> {
    text: &'a str,
    version: Version,
    lexer: Lexer<'a>,
    token: Token<'a>,
    span: Span,
    /// Where the token before this one ended.
    before: Span,
    depth: usize,
    /// Whether an odd number of `!` encloses what is read.
    is_negated: bool,
    faults: Vec<Fault>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, version: Version) -> Syntax<Self> {
        let mut lexer = Lexer::new(text);
        let (token, span) = lexer.next()?;
        let (before, depth, is_negated, faults) = (Span::default(), 0, false, Vec::new());
        Ok(Self { text, version, lexer, token, span, before, depth, is_negated, faults })
    }

    fn all(&mut self) -> Syntax<Expression> {
        let expression = self.expression()?;
        if self.token == Token::End { Ok(expression) } else { Err(self.unexpected("the end")) }
    }

    /// `a && b && …` or `a || b || …`, never mixed.
    fn expression(&mut self) -> Syntax<Expression> {
        let start = self.span;
        let mut parts = vec![self.unary()?];
        let joint = self.token.clone();
        if !matches!(joint, Token::And | Token::Or) {
            return Ok(Expression::all(parts));
        }
        let mut joints = vec![self.span];
        while self.token == joint {
            self.advance()?;
            parts.push(self.unary()?);
            joints.push(self.span);
        }
        if matches!(self.token, Token::And | Token::Or) {
            let readings = suggest::readings(self.text, start, &joints, joint == Token::And);
            return Err(Fault::new(Problem::Mixed, self.span).suggest(readings));
        }
        Ok(if joint == Token::And { Expression::all(parts) } else { Expression::any(parts) })
    }

    fn unary(&mut self) -> Syntax<Expression> {
        if self.token != Token::Not {
            return self.primary().map(|(expression, _)| expression);
        }
        let not = self.span;
        self.advance()?;
        let faults = self.faults.len();
        self.is_negated = !self.is_negated;
        let primary = self.primary();
        self.is_negated = !self.is_negated;
        let (expression, is_atomic) = primary?;
        if !is_atomic {
            let span = not.to(self.before);
            let fault = Fault::new(Problem::BareNot, span);
            // What is wrong under a `!` is so in parentheses too.
            let is_right = self.faults.len() == faults;
            let suggestion = is_right.then(|| suggest::negation(self.text, span, &expression));
            self.faults.push(Fault { suggestion, ..fault });
        }
        Ok(Expression::Not(Box::new(expression)))
    }

    /// One operand, and whether a `!` may stand before it.
    fn primary(&mut self) -> Syntax<(Expression, bool)> {
        match &self.token {
            Token::LeftParenthesis => self.parenthesised().map(|expression| (expression, true)),
            Token::Id(name) => {
                let (name, span) = (*name, self.span);
                if self.is_call() {
                    return self.call(name, span).map(|expression| (expression, true));
                }
                self.beginning_with_field()
            }
            _ => self.beginning_with_constant(),
        }
    }

    fn parenthesised(&mut self) -> Syntax<Expression> {
        if self.depth >= DEEPEST {
            return Err(Fault::new(Problem::Deep, self.span));
        }
        self.depth += 1;
        self.advance()?;
        let inner = self.expression()?;
        self.depth -= 1;
        self.expect(&Token::RightParenthesis, "`)`")?;
        Ok(inner)
    }

    fn is_call(&self) -> bool {
        matches!(self.lexer.clone().next(), Ok((Token::LeftParenthesis, _)))
    }

    fn call(&mut self, name: &str, span: Span) -> Syntax<Expression> {
        if name != "is_chassis_resident" {
            let fault = Fault::new(Problem::UnknownFunction(name.to_owned()), span);
            return Err(match find(name, self.version) {
                Some(_) => fault.suggest(format!("a field takes no parentheses: write `{name} && (…)`")),
                None => suggest::word(fault, name),
            });
        }
        self.advance()?;
        self.advance()?;
        if !matches!(self.token, Token::String(_)) {
            return Err(self.unexpected("a string"));
        }
        self.advance()?;
        self.expect(&Token::RightParenthesis, "`)`")?;
        Ok(Expression::IsChassisResident)
    }

    /// `field`, or `field relop constants`.
    fn beginning_with_field(&mut self) -> Syntax<(Expression, bool)> {
        let field = self.field()?;
        let Token::Compare(operator) = self.token else {
            let ends = matches!(self.token, Token::And | Token::Or | Token::RightParenthesis | Token::End);
            if field.symbol.is_string() || !ends {
                return Err(self.unexpected("an operator"));
            }
            let comparison = self.bare(field);
            return Ok((Expression::Comparison(comparison), true));
        };
        self.advance()?;
        let constants = match self.constants() {
            Ok(constants) => constants,
            Err(fault) => return Err(suggest::constant(fault, &self.token, &field, self.version)),
        };
        Ok((self.comparison(field, operator, constants), false))
    }

    /// A field alone: whether it is not 0.
    fn bare(&mut self, field: Field) -> Comparison {
        let span = field.span;
        let is_wrong = field.symbol.is_known() && field.width() > 1 && !self.is_negated;
        if is_wrong {
            let fault = Fault::new(Problem::Bare(field.name.clone()), span);
            self.faults.push(if field.symbol.is_nominal() {
                fault.suggest("compare it with a number by `==`")
            } else {
                fault.suggest(format!("write `{} != 0`", span.of(self.text)))
            });
        }
        let zero = Constant::Number(Number::plain(0, Format::Hexadecimal));
        let constants = Constants { values: vec![(zero, span)], is_set: false, span };
        let comparison = Comparison { field, operator: Operator::Ne, constants, span };
        if !is_wrong {
            self.check(&comparison);
        }
        comparison
    }

    /// `0`, `1`, `constants relop field`, or a range.
    fn beginning_with_constant(&mut self) -> Syntax<(Expression, bool)> {
        let constants = self.constants()?;
        let Token::Compare(first) = self.token else {
            return match truth(&constants) {
                Some(value) => Ok((Expression::Constant(value), true)),
                None => Err(self.unexpected("an operator")),
            };
        };
        self.advance()?;
        let field = self.field()?;
        let Token::Compare(second) = self.token else {
            return Ok((self.comparison(field, first.turned(), constants), false));
        };
        let (operator_span, start) = (self.span, constants.span);
        self.advance()?;
        let upper = self.constants()?;
        if !(first.is_order() && second.is_order() && first.is_upward() == second.is_upward()) {
            return Err(Fault::new(Problem::Range, start.to(operator_span)));
        }
        let low = self.comparison(field.clone(), first.turned(), constants);
        let high = self.comparison(field, second, upper);
        Ok((Expression::All(vec![low, high]), false))
    }

    fn comparison(&mut self, field: Field, operator: Operator, constants: Constants) -> Expression {
        let span =
            if field.span < constants.span { field.span.to(constants.span) } else { constants.span.to(field.span) };
        let comparison = Comparison { field, operator, constants, span };
        self.check(&comparison);
        Expression::Comparison(comparison)
    }

    fn check(&mut self, comparison: &Comparison) {
        if !comparison.field.symbol.is_known() {
            return;
        }
        self.faults.extend(check::comparison(comparison, self.is_negated, self.text));
    }

    fn field(&mut self) -> Syntax<Field> {
        let Token::Id(name) = self.token else { return Err(self.unexpected("the name of a field")) };
        let symbol = match find(name, self.version) {
            Some(symbol) => symbol,
            None => self.unknown(name)?,
        };
        let start = self.span;
        self.advance()?;
        let (mut low, mut high) = (0, symbol.width.saturating_sub(1));
        if self.token == Token::LeftBracket {
            self.advance()?;
            low = self.small_integer()?;
            high = low;
            if self.token == Token::Ellipsis {
                self.advance()?;
                high = self.small_integer()?;
            }
            self.expect(&Token::RightBracket, "`]`")?;
            let span = start.to(self.before);
            if let Some(problem) = check::bits(symbol, name, low, high).filter(|_| symbol.is_known()) {
                // Nothing that is said of these bits holds.
                return Err(Fault::new(problem, span));
            }
        }
        Ok(Field { symbol, name: name.to_owned(), low, high, span: start.to(self.before) })
    }

    /// A name that is no field in any known version. A later one may have it, so that what follows must be right all the same.
    fn unknown(&mut self, name: &str) -> Syntax<&'static Symbol> {
        if suggest::is_word(name) {
            return Err(self.unexpected("the name of a field"));
        }
        // A letter of another alphabet, in the middle of a name.
        if let Err(fault) = self.lexer.clone().next()
            && fault.span.start == self.span.end
        {
            return Err(fault);
        }
        let fault = Fault::new(Problem::UnknownField(name.to_owned()), self.span);
        let is_guessed = self.faults.len() < MOST_GUESSED;
        self.faults.push(if is_guessed { suggest::field(fault, name, self.version) } else { fault });
        Ok(&NO_FIELD)
    }

    fn small_integer(&mut self) -> Syntax<u32> {
        let Token::Number(Number { value, mask: None, format: Format::Decimal, .. }) = self.token else {
            return Err(self.unexpected("a small integer"));
        };
        let small = u32::try_from(value).ok().filter(|value| i32::try_from(*value).is_ok());
        let value = small.ok_or_else(|| self.unexpected("a small integer"))?;
        self.advance()?;
        Ok(value)
    }

    fn constants(&mut self) -> Syntax<Constants> {
        let start = self.span;
        if self.token != Token::LeftBrace {
            let value = self.constant(&[])?;
            return Ok(Constants { values: vec![value], is_set: false, span: start });
        }
        self.advance()?;
        let mut values = Vec::new();
        loop {
            values.push(self.constant(&values)?);
            if self.token == Token::Comma {
                self.advance()?;
            }
            if self.token == Token::RightBrace {
                self.advance()?;
                return Ok(Constants { values, is_set: true, span: start.to(self.before) });
            }
        }
    }

    /// A constant of the type of those before it.
    fn constant(&mut self, before: &[(Constant, Span)]) -> Syntax<(Constant, Span)> {
        let constant = match &self.token {
            Token::Number(number) => Constant::Number(*number),
            Token::String(text) => Constant::String(text.clone()),
            Token::AddressSet(name) => Constant::AddressSet((*name).to_owned()),
            Token::PortGroup(name) => Constant::PortGroup((*name).to_owned()),
            Token::Template(_) => return Err(Fault::new(Problem::Template, self.span)),
            _ => return Err(self.unexpected("a number, an address or a string")),
        };
        let span = self.span;
        if before.first().is_some_and(|(first, _)| first.is_string() != constant.is_string()) {
            return Err(Fault::new(Problem::MixedSet, span));
        }
        self.advance()?;
        Ok((constant, span))
    }

    fn expect(&mut self, token: &Token<'_>, expected: &'static str) -> Syntax<()> {
        if self.token == *token { self.advance() } else { Err(self.unexpected(expected)) }
    }

    fn unexpected(&self, expected: &'static str) -> Fault {
        let next = self.lexer.clone().next().ok();
        let next = next.as_ref().map(|(token, span)| (token, *span));
        let span = match next {
            // One operator, the wrong way round.
            Some((token, span))
                if self.token == Token::Other("=")
                    && span.start == self.span.end
                    && suggest::turned(Some(token)).is_some() =>
            {
                self.span.to(span)
            }
            _ => self.span,
        };
        let found = match &self.token {
            Token::End => "the end".to_owned(),
            _ => format!("`{}`", crate::text::shortened(span.of(self.text))),
        };
        let fault = Fault::new(Problem::Expected { expected, found }, span);
        let before = self.before.of(self.text);
        let is_in_name = self.token == Token::Other("-") && self.before.end == self.span.start;
        if is_in_name && before.starts_with(['$', '@']) {
            return fault.suggest("such a name has no hyphens: Kube-OVN writes a dot for each");
        }
        let is_one = span != self.span;
        suggest::token(fault, &self.token, before, next.map(|(token, _)| token).filter(|_| is_one))
    }

    fn advance(&mut self) -> Syntax<()> {
        self.before = self.span;
        (self.token, self.span) = self.lexer.next()?;
        Ok(())
    }
}

/// `0` or `1`, written so.
fn truth(constants: &Constants) -> Option<bool> {
    match constants.values.as_slice() {
        [(Constant::Number(Number { value, mask: None, format: Format::Decimal, .. }), _)] if !constants.is_set => {
            match value {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            }
        }
        _ => None,
    }
}
