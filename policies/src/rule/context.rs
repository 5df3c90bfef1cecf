//! What a rule has at hand while it looks at an object.

use crate::field::FieldPath;
use crate::finding::{Action, Finding, Findings};
use crate::inventory::{Answer, ClusterView, Sight};
use crate::kinds::{Found, Kind, KubeOvn, Object, Vpc};
use crate::request::Operation;
use crate::settings::Settings;
use crate::text::{nearest, quoted};

/// Among how many names before one in their order, and how many behind, a rule looks for what was meant: it compares all of them.
/// A name that is mistyped at its beginning is not found among more.
const MOST_KNOWN: usize = 250;

/// The request, the cluster and the settings, and where findings go.
pub struct Context<'a> {
    /// The rest of the cluster.
    pub cluster: &'a dyn ClusterView,
    /// The part of the cluster that came before this object: where two objects are in conflict, the later is refused.
    pub admitted: &'a dyn ClusterView,
    /// The settings.
    pub settings: &'a Settings,
    /// The kind of the object.
    pub kind: Kind,
    /// The version that the object replaces, in an UPDATE.
    pub old: Option<&'a Object>,
    /// What is asked about the object.
    pub operation: Operation,
    /// The namespace of the object; empty for cluster-scoped ones.
    pub namespace: &'a str,
    /// Who asks; empty where nobody is known, as for files.
    pub user: &'a str,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// Whether all that belongs to the object is there already: it is at rest, or in a folder that was read to its end.
    pub settled: bool,
    pub(crate) findings: Findings,
    pub(crate) not_evaluated: Vec<&'static str>,
    /// Whether it was looked for what was meant: that is done once, for it costs more than the rest.
    pub(crate) has_guessed: bool,
}

impl<'a> Context<'a> {
    /// Says that something is wrong.
    pub fn deny(&mut self, finding: Finding) {
        self.report(Action::Deny, finding);
    }

    /// Says that something is probably not what the user meant.
    pub fn warn(&mut self, finding: Finding) {
        self.report(Action::Warn, finding);
    }

    /// Says that something is wrong, or only probably so.
    pub fn report(&mut self, action: Action, finding: Finding) {
        self.findings.add(action, finding);
    }

    /// What a name that does not exist yet is: a denial, but in a dry run, which stores nothing, and for who restores a backup,
    /// in which what is named may come later.
    pub(crate) fn action_on_missing(&self) -> Action {
        if self.dry_run || self.settings.is_restorer(self.user) { Action::Warn } else { Action::Deny }
    }

    /// Whether no more such findings are kept. Whoever compares many with many stops then: it counts as one more of them, so
    /// that what was not looked at is not taken for right.
    pub fn has_enough(&mut self, action: Action) -> bool {
        let enough = self.findings.is_full(action);
        if enough {
            self.findings.leave_out(action);
        }
        enough
    }

    /// Says that of a list in a field only so many elements were compared with others.
    pub fn not_judged(&mut self, action: Action, field: FieldPath, rest: &str) {
        let finding = Finding::forbidden(field, "", format!("not judged: too many; {rest}"));
        self.report(action, finding.help("Check the others by hand, or write fewer."));
    }

    /// Says that this runner never sees a kind that the rule needs.
    pub fn cannot_see(&mut self, kind: Kind) {
        self.not_evaluated.push(kind.name());
    }

    /// Whether IPs are there to be looked at: in files, or where the settings have them read. There are as many as Pods.
    pub(crate) fn sees_ips(&self) -> bool {
        match self.cluster.sight(Kind::Ip) {
            Sight::All => self.settings.read_ips,
            Sight::Some => true,
            Sight::Nothing => false,
        }
    }

    /// Whether a Vpc is being made before its Subnets, as it must be: whatever needs these cannot be otherwise yet, and is judged
    /// on the next change of the Vpc.
    pub(crate) fn precedes_its_subnets(&self, vpc: &Vpc) -> Answer<bool> {
        let is_made = self.operation == Operation::Create && !self.settled;
        Ok(is_made && self.cluster.subnets_of_vpc(&vpc.meta.name)?.is_empty())
    }

    /// Which existing name was meant by one that does not exist, as the end of a message: `; did you mean "blue-apps"?`. Nothing
    /// where none is like it, where names are not disclosed, or would have to be read for it. What is called `own` is the object
    /// itself.
    pub(crate) fn did_you_mean(&mut self, kind: Kind, name: &str, own: &str) -> String {
        let is_listed = !kind.is_namespaced() && kind.found() != Found::ByName;
        if !is_listed || !self.settings.disclose_names || self.has_guessed {
            return String::new();
        }
        self.has_guessed = true;
        let known = self.cluster.around(kind, name, MOST_KNOWN);
        let known = known.iter().map(Object::meta).filter(|meta| !meta.deleting && meta.name != own);
        let meant = nearest(name, known.map(|meta| meta.name.as_str()));
        meant.map_or_else(String::new, |meant| format!("; did you mean {}?", quoted(meant)))
    }

    /// How Kube-OVN was configured.
    pub fn kube_ovn(&self) -> &'a KubeOvn {
        &self.settings.kube_ovn
    }

    /// Another object as a message names it: `Subnet "b"`, or `another Subnet` where names are not disclosed.
    pub fn mention(&self, kind: Kind, name: &str) -> String {
        let word = if kind == Kind::Vpc { "VPC" } else { kind.name() };
        if self.settings.disclose_names { format!("{word} {}", quoted(name)) } else { format!("another {word}") }
    }

    /// Something that another object says, in brackets after its name; nothing where that is not disclosed.
    pub fn aside(&self, text: &dyn std::fmt::Display) -> String {
        if self.settings.disclose_names { format!(" ({text})") } else { String::new() }
    }
}
