//! What a change takes away: its deletion is judged, once all that stays is as the change has it.
//!
//! All of it goes at once. Whoever applies the change may have to do so in an order, which the rules say; what stays and is in use of
//! something that goes is refused by no order.

use vpcguard_policies::{Request, ViewError, review};

use super::Simulation;
use super::object::Manifest;

impl<'a> Simulation<'a> {
    /// Judges that objects are deleted, of which the first is one of this number among all.
    pub(super) fn delete(&mut self, first: usize, gone: &'a [Option<Manifest<'a>>]) -> Result<(), ViewError> {
        for object in gone.iter().flatten() {
            let namespace = object.name.namespace.as_deref().unwrap_or_default();
            self.inventory.remove(object.kind(), namespace, &object.name.name);
        }
        for (at, object) in gone.iter().enumerate() {
            // What no rule can read, none refuses to delete.
            let Some(object) = object else { continue };
            let request = Request::to_delete(object.version.json().clone());
            let mut verdict = review(&request, &self.inventory, self.settings)?;
            verdict.omitted -= verdict.unlisted_findings.len() + verdict.unlisted_warnings.len();
            verdict.findings.append(&mut verdict.unlisted_findings);
            verdict.warnings.append(&mut verdict.unlisted_warnings);
            self.suppress(object.document, &mut verdict);
            self.note(first + at, &object.subject(), object.document, None, verdict);
        }
        Ok(())
    }
}
