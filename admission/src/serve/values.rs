//! How many values a body holds, before anybody makes room for them.

use super::failure::Failure;

/// How many values one version of an object may hold: more than fit into what etcd stores of any real one, and few enough to
/// be taken apart. Most take some hundred bytes of memory while they are judged (docs/figures.md).
pub(crate) const MOST_VALUES: usize = 500_000;

/// What an object counts for: with its first field it takes as much memory as so many other values, and so does an empty one
/// where more is read into it, as into a selector.
const OBJECT: usize = 5;

/// How deep the members of the request are: in the review, in the request.
const MEMBERS: usize = 2;

/// The values of a body, by what stands between them outside of texts. The two versions of an object that is updated count
/// each for itself, or an object that could be stored could not be changed again.
///
/// What is not JSON may be counted wrongly: it is not judged either.
pub(super) fn count<'b>(parts: impl Iterator<Item = &'b [u8]>) -> Result<usize, Failure> {
    let (mut all, mut of_member) = (0, 0);
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for part in parts {
        for byte in part {
            if is_text {
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' => is_escaped = true,
                    b'"' => is_text = false,
                    _ => {}
                }
                continue;
            }
            let values = match byte {
                b'"' => {
                    is_text = true;
                    continue;
                }
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                b',' if depth == MEMBERS => {
                    all += 1;
                    of_member = 0;
                    0
                }
                b',' | b':' => 1,
                b'[' => {
                    depth += 1;
                    1
                }
                b'{' => {
                    depth += 1;
                    OBJECT
                }
                _ => continue,
            };
            all += values;
            of_member += values;
            if of_member > MOST_VALUES || all > 2 * MOST_VALUES {
                return Err(Failure::TooManyValues { limit: MOST_VALUES });
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(body: &[u8]) -> Result<usize, Failure> {
        // Where it is cut makes no difference.
        let [whole, cut] = [body.len().max(1), 3].map(|length| super::count(body.chunks(length)));
        assert_eq!(whole.as_ref().ok(), cut.ok().as_ref());
        whole
    }

    #[test]
    fn separators_in_texts_are_no_values() {
        let plain = count(br#"{"a":["x","y"]}"#).unwrap();
        assert_eq!(plain, OBJECT + 3);
        assert_eq!(count(br#"{"a:,[{":[",:[{,","\",:\\\",,"]}"#).unwrap(), plain);
        assert_eq!(count("\"".as_bytes()).unwrap(), 0);
        let text = format!(r#"{{"a":"{}"}}"#, ",".repeat(3 * MOST_VALUES));
        assert_eq!(count(text.as_bytes()).unwrap(), OBJECT + 1);
    }

    #[test]
    fn an_empty_object_counts_as_another() {
        assert_eq!(count(br#"{"a":{},"b":{}}"#).unwrap(), 3 * OBJECT + 3);
        assert_eq!(count(br#"{"a":{"b":{}}}"#).unwrap(), 3 * OBJECT + 2);
    }

    #[test]
    fn each_version_counts_for_itself() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values));
        let review = |object: usize, old: usize| {
            let body = format!(r#"{{"request":{{"uid":"u","object":{},"oldObject":{}}}}}"#, list(object), list(old));
            count(body.as_bytes())
        };
        let most = MOST_VALUES - 2 * OBJECT - 10;
        assert!(review(most, 0).is_ok() && review(0, most).is_ok() && review(most, most).is_ok());
        for [object, old] in [[MOST_VALUES, 0], [0, MOST_VALUES], [MOST_VALUES, MOST_VALUES]] {
            assert!(matches!(review(object, old), Err(Failure::TooManyValues { .. })));
        }
        // Nor is there room for more versions than two, or for anything else.
        let many = format!(r#"{{"request":[{}]}}"#, "0,".repeat(2 * MOST_VALUES));
        assert!(matches!(count(many.as_bytes()), Err(Failure::TooManyValues { .. })));
        let many = format!(r#"{{"request":{{"a":{0},"b":{0},"c":{0}}}}}"#, list(most));
        assert!(matches!(count(many.as_bytes()), Err(Failure::TooManyValues { .. })));
    }
}
