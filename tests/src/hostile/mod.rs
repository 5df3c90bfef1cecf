//! Bodies that an API server might send about what its worst users write, and that nobody would send; and what may become of
//! them. Made of choices, which a seeded generator makes, or a fuzzer that sees what they reach.

mod change;
mod ground;
mod node;
mod outcome;

use arbitrary::{Result, Unstructured};

use vpcguard_policies::Kind;

use change::Change;
use node::{Node, Spelling};

pub use ground::Ground;
pub use outcome::Outcome;

/// What the webhook reads of a body before all of it is there.
const BEGINNING: usize = 1024;

/// What the API server calls the request.
const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// Where bodies are posted to, by an API server that waits as long as it can: the machine may be slow.
const VALIDATE: &str = "/validate?timeout=30s";
const MUTATE: &str = "/mutate?timeout=30s";

/// A body, and what is known of it.
#[derive(Debug)]
pub struct Body {
    /// The path that it is posted to.
    pub path: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
    /// The same in the spelling of everybody, where it is spelled otherwise.
    pub plainly: Option<Vec<u8>>,
    begins: Begins,
}

/// How a body begins, which decides what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// As the API server begins; and whether it may only be stored with a verdict, where that is known.
    Honestly { needs_verdict: Option<bool> },
    /// As it pleases.
    Anyhow,
}

impl Body {
    /// These bytes, whatever they are.
    pub fn raw(bytes: &[u8]) -> Self {
        Self { path: VALIDATE, bytes: bytes.to_vec(), plainly: None, begins: Begins::Anyhow }
    }

    /// Makes one of some choices, with about so many bytes at most.
    ///
    /// # Errors
    ///
    /// Never for want of choices: then there is nothing more to change.
    pub fn made(ground: &Ground, choices: &mut Unstructured<'_>, most: usize) -> Result<Self> {
        let mut change = Change { ground, choices, room: most };
        let at = change.pick(ground.objects.len())?;
        let Some((object, old)) = ground.objects.get(at) else { return Ok(Self::raw(&[])) };
        let path = change.one_of(&[VALIDATE, VALIDATE, VALIDATE, MUTATE])?;
        let (object, old) = (object.clone(), old.clone());
        let operation = match change.pick(10)? {
            0..5 => "CREATE",
            5..8 => "UPDATE",
            8 => "DELETE",
            _ => "CONNECT",
        };
        let sub_resource = if change.pick(8)? == 7 {
            Some(change.one_of(&["status", "scale", "finalize", "resize", "ephemeralcontainers", ""])?)
        } else {
            None
        };
        let old = match change.pick(4)? {
            0 => old,
            1 | 2 => Some(object.clone()),
            _ => {
                let (other, _) = change.one_of(&ground.objects)?;
                // What is of another kind is malformed, and no more of it is looked at.
                Some(other).filter(|other| other.is_kind_of(&object) || at % 16 == 0)
            }
        };
        let needs_verdict = needs_verdict(ground, path, operation, sub_resource, &object);
        let mut review = review(operation, sub_resource, object);
        let old = old.filter(|_| operation != "CREATE");
        if let Some(request) = review.at("request") {
            if let Some(old) = old {
                request.set("oldObject", old);
            }
            if operation == "DELETE" {
                request.set("object", Node::null());
            }
            for _ in 0..change.pick(9)? {
                let side = if change.pick(3)? == 2 { "oldObject" } else { "object" };
                let Some(object) = request.at(side) else { continue };
                // What is of no kind is malformed, and no more of it is looked at.
                let inner = change.one_of(&["metadata", "spec", "spec", "status", ""])?;
                match object.at(inner) {
                    Some(node) => change.somewhere(node)?,
                    None if change.pick(8)? == 7 => change.somewhere(object)?,
                    None => {}
                }
            }
        }
        let mut begins = Begins::Honestly { needs_verdict };
        if change.pick(8)? == 7 {
            around(&mut change, &mut review)?;
            begins = Begins::Anyhow;
        }
        let spelling = change.one_of(&[Spelling::Plain, Spelling::Plain, Spelling::Escaped, Spelling::Spaced])?;
        let written = |spelling| write(&review, spelling);
        let mut body = Self { path, bytes: written(spelling), plainly: None, begins };
        // How much of one that begins otherwise is seen depends on how it is spelled.
        if spelling != Spelling::Plain && begins != Begins::Anyhow {
            body.plainly = Some(written(Spelling::Plain));
        }
        body.damage(&mut change)?;
        Ok(body)
    }

    /// Posts it, also in the spelling of everybody, and says what became of it, or what is wrong with that.
    ///
    /// # Errors
    ///
    /// What no body may be answered.
    pub async fn post<A, F>(&self, mut answers: A) -> std::result::Result<Outcome, String>
    where
        A: FnMut(&'static str, Vec<u8>) -> F,
        F: Future<Output = (u16, Vec<u8>)>,
    {
        let (status, answer) = answers(self.path, self.bytes.clone()).await;
        let outcome = self.outcome(status, &answer)?;
        if let Some(plainly) = &self.plainly {
            let (status, plain_answer) = answers(self.path, plainly.clone()).await;
            let plain = self.outcome(status, &plain_answer)?;
            if let Some(difference) = Self::difference(outcome, &answer, plain, &plain_answer) {
                return Err(difference);
            }
        }
        Ok(outcome)
    }

    /// What happens to bytes on their way.
    fn damage(&mut self, change: &mut Change<'_, '_>) -> Result<()> {
        let kind = change.pick(32)?;
        if kind < 28 {
            return Ok(());
        }
        self.plainly = None;
        let most = self.bytes.len();
        // How it begins stays, or it would begin otherwise.
        let from = if self.begins == Begins::Anyhow || most < BEGINNING { 0 } else { BEGINNING };
        if from == 0 {
            self.begins = Begins::Anyhow;
        }
        let at = change.choices.int_in_range(from..=most)?;
        match kind {
            28 | 29 => self.bytes.truncate(at),
            30 => {
                let byte = change.one_of(&[0xff, 0xc3, 0, b'"', b'}', b']', b',', b'\\', b' '])?;
                if let Some(damaged) = self.bytes.get_mut(at) {
                    *damaged = byte;
                }
            }
            _ => {
                let added = change.one_of(&[&b"}"[..], b"{}", b"\0", b"\xff", b" x", b",", b"\""])?;
                self.bytes.extend_from_slice(added);
            }
        }
        Ok(())
    }
}

/// Whether a request may not pass unjudged; none where the manual has no row for it.
fn needs_verdict(
    ground: &Ground,
    path: &str,
    operation: &str,
    sub_resource: Option<&str>,
    object: &Node,
) -> Option<bool> {
    if sub_resource.is_some() {
        return None;
    }
    let mut object = object.clone();
    let text = |node: Option<&mut Node>| match node {
        Some(Node::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let (api_version, kind) = (text(object.at("apiVersion"))?, text(object.at("kind"))?);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_known =
        Kind::find(group, &kind).is_some() && ground.refused.contains(&kind) && (path == VALIDATE || kind == "Pod");
    Some(is_known && matches!(operation, "CREATE" | "UPDATE"))
}

/// An AdmissionReview in the order in which the API server writes it.
fn review(operation: &str, sub_resource: Option<&str>, mut object: Node) -> Node {
    let text_at = |node: Option<&mut Node>, key: &str| match node.and_then(|node| node.at(key)) {
        Some(Node::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let (api_version, kind) = (text_at(Some(&mut object), "apiVersion"), text_at(Some(&mut object), "kind"));
    let (name, namespace) = (text_at(object.at("metadata"), "name"), text_at(object.at("metadata"), "namespace"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let map = |fields: &[(&str, &str)]| {
        Node::Map(fields.iter().map(|(key, text)| ((*key).to_owned(), Node::text(text))).collect())
    };
    let of_kind = map(&[("group", group), ("version", version), ("kind", &kind)]);
    let of_resource = map(&[("group", group), ("version", version), ("resource", "things")]);
    let mut request = map(&[("uid", UID)]);
    request.set("kind", of_kind);
    request.set("resource", of_resource);
    if let Some(sub_resource) = sub_resource {
        request.set("subResource", Node::text(sub_resource));
    }
    for (key, text) in [("name", name.as_str()), ("namespace", &namespace), ("operation", operation)] {
        request.set(key, Node::text(text));
    }
    request.set("userInfo", map(&[("username", "somebody")]));
    request.set("object", object);
    request.set("oldObject", Node::null());
    request.set("dryRun", Node::Literal("false".to_owned()));
    request.set("options", Node::null());
    let mut review = map(&[("kind", "AdmissionReview"), ("apiVersion", "admission.k8s.io/v1")]);
    review.set("request", request);
    review
}

/// Changes what stands around the objects.
fn around(change: &mut Change<'_, '_>, review: &mut Node) -> Result<()> {
    let kind = change.pick(8)?;
    let Some(Node::Map(fields)) = review.at("request").filter(|_| kind < 6) else {
        return change.somewhere(review);
    };
    let uid = fields.remove(0);
    match kind {
        // At the end, behind the objects or not.
        0 => fields.push(uid),
        1 => {
            let others = ["", "another", "705ab4f5"];
            let other = change.one_of(&others)?;
            fields.insert(0, uid);
            fields.push(("uid".to_owned(), Node::text(other)));
        }
        2 => {
            let literal = change.one_of(&["null", "5", "[]", "{}", "true"])?;
            fields.insert(0, ("uid".to_owned(), Node::Literal(literal.to_owned())));
        }
        3 => {
            fields.insert(0, ("name".to_owned(), Node::Text("n".repeat(change.pick(2000)?))));
            fields.insert(1, uid);
        }
        // What stands before the uid has a type that nobody expects.
        4 => {
            let (key, literal) =
                (change.one_of(&["kind", "subResource", "operation"])?, change.one_of(&["5", "[]", "{}"])?);
            fields.retain(|(name, _)| name != key);
            fields.insert(0, (key.to_owned(), Node::Literal(literal.to_owned())));
            fields.push(uid);
        }
        _ => {
            let operation = change.one_of(&["PATCH", "", "create", "CREATE "])?;
            fields.insert(0, uid);
            fields.push(("operation".to_owned(), Node::text(operation)));
        }
    }
    Ok(())
}

/// Writes a review. What is around the objects is always spelled as the API server does.
fn write(review: &Node, spelling: Spelling) -> Vec<u8> {
    let mut review = review.clone();
    if let Some(Node::Map(fields)) = review.at("request") {
        for (_, node) in fields.iter_mut().filter(|(key, _)| key == "object" || key == "oldObject") {
            let mut written = String::new();
            node.write(&mut written, spelling);
            *node = Node::Literal(written);
        }
    }
    let mut out = String::new();
    review.write(&mut out, Spelling::Plain);
    out.into_bytes()
}

/// Bytes to choose by, from a number.
pub fn seeded(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}
