//! From the path of a field to the text that a reader should look at.

use vpcguard_policies::field::Step;

use super::node::{Content, Node, Span};
use super::scalar::Scalar;

impl Node {
    /// The text to look at for a field of the object that this is:
    ///
    /// - its value, where that is on one line, and a list or a map on that of its key; else its key, and of an element of a
    ///   list, which has no key, the beginning;
    /// - where there is no such field, the key of the last thing on its path that there is, and of an element its
    ///   beginning; of the object itself its kind.
    ///
    /// What an alias or a merge key stands for is looked at where it was written.
    pub fn span_of(&self, path: &[Step]) -> Span {
        let (mut node, mut key) = (self, None);
        for (depth, step) in path.iter().enumerate() {
            let Some((next, next_key)) = node.step(step) else {
                let of_kind = || self.get("kind").filter(|_| depth == 0).map(|kind| kind.whole());
                return key.or_else(|| of_kind().flatten()).unwrap_or_else(|| node.beginning());
            };
            (node, key) = (next, next_key);
        }
        let is_beside = |key: Span| node.is_scalar() || node.span().start.line == key.end.line;
        let value = node.whole().filter(|_| key.is_none_or(is_beside));
        value.or(key).unwrap_or_else(|| node.beginning())
    }

    /// The text of a field of the object that this is; none if it is no text.
    pub(crate) fn text_of(&self, path: &[Step]) -> Option<&str> {
        let node = path.iter().try_fold(self, |node, step| Some(node.step(step)?.0))?;
        if let Content::Scalar(Scalar::Text(text)) = node.content() { Some(text) } else { None }
    }

    /// A field or an element, and where its key stands.
    fn step(&self, step: &Step) -> Option<(&Node, Option<Span>)> {
        let key = match step {
            Step::Index(index) => return Some((self.items()?.get(*index)?, None)),
            Step::Field(name) => name.as_ref(),
            Step::Key(key) => key,
        };
        let entry = self.entries()?.iter().find(|entry| entry.key == key)?;
        Some((&entry.value, Some(entry.key_span)))
    }

    fn is_scalar(&self) -> bool {
        matches!(self.content(), Content::Scalar(_))
    }

    /// All of it, if it is on one line and there is anything of it.
    fn whole(&self) -> Option<Span> {
        let span = self.span();
        (span.start.line == span.end.line && !span.is_empty()).then_some(span)
    }

    /// All of it if it is on one line; else its first key or element, or all of a scalar.
    fn beginning(&self) -> Span {
        let first_key = || Some(self.entries()?.first()?.key_span);
        let first_element = || Some(self.items()?.first()?.beginning());
        self.whole().or_else(first_key).or_else(first_element).unwrap_or_else(|| self.span())
    }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::field::FieldPath;

    use crate::text::Text;
    use crate::yaml::load;

    fn spec(fields: &'static str) -> FieldPath {
        FieldPath::of("spec").field(fields)
    }

    /// The text of the field of an object, with its line.
    fn underlined(text: &str, path: &FieldPath) -> String {
        let root = load(text).documents.remove(0).1;
        let text = Text::new(text);
        let span = text.first_line_of(root.span_of(path.steps()));
        assert_eq!(span.start.line, span.end.line);
        let line = text.line(span.start.line).unwrap();
        let length = span.end.column - span.start.column;
        let part: String = line.chars().skip(span.start.column - 1).take(length).collect();
        assert_eq!(part.chars().count(), length, "{span:?} of {line:?}");
        format!("{}: {part}", span.start.line)
    }

    #[test]
    fn a_value_on_one_line_is_looked_at_itself() {
        let styles = [
            ("spec:\n  cidrBlock: 10.0.0.0/16 # the range\n", "2: 10.0.0.0/16"),
            ("{spec: {cidrBlock: 10.0.0.0/16 }}", "1: 10.0.0.0/16"),
            ("{\"spec\": {\"cidrBlock\":\"10.0.0.0/16\"}}", "1: \"10.0.0.0/16\""),
            ("spec:\n  'cidrBlock': '10.0.0.0/16'\n", "2: '10.0.0.0/16'"),
            ("# ä\nspec:\n  \"cidr\\x42lock\": [ä, b] # x\n", "3: [ä, b]"),
            ("spec:\n  cidrBlock: &range 10.0.0.0/16\n", "2: 10.0.0.0/16"),
            ("spec:\n  cidrBlock: !!str 10\n", "2: 10"),
            ("{spec: {cidrBlock: \"10.0.0.0/16\" , a: b}}", "1: \"10.0.0.0/16\""),
            ("spec:\n  \"cidrBlock\" : 'a'  # 'b'\n", "2: 'a'"),
            ("spec:\r\n  cidrBlock: 10.0.0.0/16\r\n", "2: 10.0.0.0/16"),
            ("spec:\r  cidrBlock: 10.0.0.0/16\r", "2: 10.0.0.0/16"),
            ("spec:\n  cidrBlock: \t10.0.0.0/16\t# \tx\n", "2: 10.0.0.0/16"),
            ("spec: {cidrBlock: ''}\n", "1: ''"),
            ("spec: {cidrBlock: ~}\n", "1: ~"),
            ("spec:\n  ? cidrBlock\n  : 10.0.0.0/16\n", "3: 10.0.0.0/16"),
        ];
        for (text, wanted) in styles {
            assert_eq!(underlined(text, &spec("cidrBlock")), wanted, "{text}");
        }
    }

    #[test]
    fn of_a_value_on_several_lines_the_key_is_looked_at() {
        for value in ["|\n    10.0.0.0/16\n", ">-\n    a\n    b\n", "a\n    b\n", "'a\n    b'\n", "[a,\n    b]\n", "\n"]
        {
            let text = format!("spec:\n  cidrBlock: {value}  vpc: v\n");
            assert_eq!(underlined(&text, &spec("cidrBlock")), "2: cidrBlock", "{text}");
        }
        assert_eq!(underlined("spec:\n  cidrBlock:\n  - a\n", &spec("cidrBlock")), "2: cidrBlock");
        assert_eq!(underlined("spec:\n  cidrBlock:\n    a: b\n", &spec("cidrBlock")), "2: cidrBlock");
        assert_eq!(underlined("spec:\n  'cidrBlock':\n    a: b\n", &spec("cidrBlock")), "2: 'cidrBlock'");
        assert_eq!(underlined("spec:\n  cidrBlock:\n", &spec("cidrBlock")), "2: cidrBlock");
        assert_eq!(underlined("spec:\n  cidrBlock:\n    10.0.0.0/16\n", &spec("cidrBlock")), "3: 10.0.0.0/16");
    }

    #[test]
    fn elements_have_no_key() {
        let text = "\
spec:
  routes:
  - cidr: 10.0.0.0/16
    hops: [a, 'b,c']
  - {cidr: 10.1.0.0/16, hops: []}
  -
  - - x
  - a
    b
";
        let route = |index| spec("routes").index(index);
        assert_eq!(underlined(text, &route(0)), "3: cidr");
        assert_eq!(underlined(text, &route(0).field("cidr")), "3: 10.0.0.0/16");
        assert_eq!(underlined(text, &route(0).field("hops").index(1)), "4: 'b,c'");
        assert_eq!(underlined(text, &route(1)), "5: {cidr: 10.1.0.0/16, hops: []}");
        assert_eq!(underlined(text, &route(1).field("hops").index(0)), "5: hops");
        assert_eq!(underlined(text, &route(0).field("policy")), "3: cidr");
        assert_eq!(underlined(text, &route(1).field("policy")), "5: {cidr: 10.1.0.0/16, hops: []}");
        assert_eq!(underlined(text, &route(2)).split(':').next(), Some("6"));
        assert_eq!(underlined(text, &route(3)), "7: - x");
        assert_eq!(underlined(text, &route(4)), "8: a");
        assert_eq!(underlined(text, &route(9)), "2: routes");
    }

    #[test]
    fn for_what_is_not_there_the_last_thing_that_is_there_is_looked_at() {
        let text = "kind: Subnet\nmetadata:\n  name: a\n  annotations:\n    ovn.kubernetes.io/vpc_lb: 'yes'\nspec:\n";
        let annotation = |key| FieldPath::annotation(key);
        assert_eq!(underlined(text, &annotation("ovn.kubernetes.io/vpc_lb")), "5: 'yes'");
        assert_eq!(underlined(text, &annotation("ovn.kubernetes.io/vpc")), "4: annotations");
        assert_eq!(underlined(text, &FieldPath::of("metadata.labels.a.b")), "2: metadata");
        assert_eq!(underlined(text, &spec("cidrBlock")), "6: spec");
        assert_eq!(underlined(text, &FieldPath::of("metadata.name.a")), "3: name");
        assert_eq!(underlined(text, &FieldPath::of("status.lanIp")), "1: Subnet");
        assert_eq!(underlined("metadata:\n  name: a\n", &FieldPath::of("spec.a")), "1: metadata");
    }

    #[test]
    fn what_an_alias_stands_for_is_looked_at_where_it_was_written() {
        let text = "\
x-range: &range 10.0.0.0/16
base: &base
  vpc: v
  gateway: 10.0.0.9
spec:
  <<: *base
  cidrBlock: *range
other: *base
";
        assert_eq!(underlined(text, &spec("cidrBlock")), "1: 10.0.0.0/16");
        assert_eq!(underlined(text, &spec("gateway")), "4: 10.0.0.9");
        assert_eq!(underlined(text, &spec("excludeIps")), "5: spec");
        assert_eq!(underlined(text, &FieldPath::of("other.excludeIps")), "8: other");
    }
}
