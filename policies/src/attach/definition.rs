//! What Kube-OVN makes of the configuration in a NetworkAttachmentDefinition.

use std::borrow::Cow;

use super::elements::{Decoder, is_field};
use super::json::{Json, Sort};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Kube-OVN makes the network.
    KubeOvn,
    /// Kube-OVN gives out its addresses.
    Addresses,
    /// Another plug-in does both.
    Other,
    /// Nothing: a file on each node has the configuration.
    Elsewhere,
    /// Kube-OVN says that it is an error.
    Broken(&'static str),
    /// Kube-OVN's controller ends.
    EndsController(&'static str),
}

/// A configuration, or one of its plug-ins.
#[derive(Default)]
struct Plugin<'t> {
    kind: Cow<'t, str>,
    ipam: Cow<'t, str>,
}

/// The plug-ins of a configuration; none for one that is null. Go decodes a second list into the elements of the first.
#[derive(Default)]
struct Plugins<'t> {
    kept: Vec<Option<Plugin<'t>>>,
    /// None without a list.
    length: Option<usize>,
    /// What is of the wrong type in a list of plug-ins, which nobody reads beside a type.
    wrong: Option<&'static str>,
}

const KUBE_OVN: &str = "kube-ovn";

/// Reads a configuration.
pub(crate) fn read(config: &str) -> Network {
    if config.is_empty() {
        return Network::Elsewhere;
    }
    let Some(mut json) = Json::of(config) else { return Network::Broken("is not well-formed JSON") };
    if json.sort() != Sort::Object {
        return Network::Broken("is not a JSON object");
    }
    let mut decoder = Decoder::new(json);
    let mut top = Plugin::default();
    let mut plugins = Plugins::default();
    decoder.configuration(&mut top, &mut plugins);
    if let Some(wrong) = decoder.wrong {
        return Network::Broken(reason(wrong.field));
    }
    if top.kind.is_empty() {
        if let Some(field) = plugins.wrong {
            return Network::Broken(reason(field));
        }
        return of_list(plugins.length.and_then(|length| plugins.kept.get(..length)));
    }
    if top.kind == KUBE_OVN {
        Network::KubeOvn
    } else if top.ipam == KUBE_OVN {
        Network::Addresses
    } else {
        Network::Other
    }
}

/// Why a configuration with a field of the wrong type is an error.
fn reason(field: &str) -> &'static str {
    match field {
        "type" => "has a type that is not a string",
        "name" => "has a name that is not a string",
        "cniVersion" => "has a cniVersion that is not a string",
        "ipam" => "has an ipam that is not an object, or the type in it is not a string",
        "dns" => "has a dns that is not an object of strings",
        "capabilities" => "has capabilities that are not booleans",
        "plugins" => "has plugins that are not a list of objects",
        "disableCheck" => "has a disableCheck that is not a boolean",
        "disableGC" => "has a disableGC that is not a boolean",
        _ => "has a field of the wrong type",
    }
}

fn of_list(plugins: Option<&[Option<Plugin<'_>>]>) -> Network {
    match plugins {
        None => return Network::Broken("has neither a type nor plugins"),
        Some([]) => return Network::EndsController("has an empty list of plugins"),
        Some([None, ..]) => return Network::EndsController("has a null among its plugins"),
        Some([Some(first), ..]) if first.kind.is_empty() => {
            return Network::Broken("has a first plugin without a type");
        }
        Some(_) => {}
    }
    let plugins = plugins.unwrap_or_default();
    for plugin in plugins {
        match plugin {
            None => return Network::EndsController("has a null among its plugins"),
            Some(plugin) if plugin.kind == KUBE_OVN => return Network::KubeOvn,
            Some(_) => {}
        }
    }
    if plugins.iter().flatten().any(|plugin| plugin.ipam == KUBE_OVN) { Network::Addresses } else { Network::Other }
}

impl<'t> Decoder<'t> {
    fn configuration(&mut self, top: &mut Plugin<'t>, plugins: &mut Plugins<'t>) {
        self.json.enter();
        while self.json.more() {
            let name = self.json.key();
            // First all is read as one plug-in, and as a list only what has no type.
            let of_plugin = self.wrong.take();
            if is_field(&name, "plugins") {
                self.plugins(plugins);
            } else if let Some(field) =
                ["disableCheck", "disableGC"].into_iter().find(|field| is_field(&name, &field.to_ascii_lowercase()))
            {
                self.boolean(field);
            } else {
                self.wrong = of_plugin;
                self.plugin_field(&name, top);
                continue;
            }
            plugins.wrong = plugins.wrong.or(self.wrong.take().map(|wrong| wrong.field));
            self.wrong = of_plugin;
        }
    }

    fn plugins(&mut self, plugins: &mut Plugins<'t>) {
        match self.json.sort() {
            Sort::Null => {
                self.json.skip(drop);
                plugins.kept.clear();
                plugins.length = None;
            }
            Sort::List => {
                let mut length = 0;
                self.each(0, "plugins", |decoder| {
                    if plugins.kept.len() == length {
                        plugins.kept.push(None);
                    }
                    plugins.kept.get_mut(length).into_iter().for_each(|plugin| decoder.plugin(plugin));
                    length += 1;
                });
                if length == 0 {
                    plugins.kept.clear();
                }
                plugins.length = Some(length);
            }
            other => self.wrong(0, "plugins", "a list", other),
        }
    }

    fn plugin(&mut self, into: &mut Option<Plugin<'t>>) {
        match self.json.sort() {
            Sort::Null => {
                self.json.skip(drop);
                *into = None;
            }
            Sort::Object => {
                let plugin = into.get_or_insert_default();
                self.json.enter();
                while self.json.more() {
                    let name = self.json.key();
                    self.plugin_field(&name, plugin);
                }
            }
            other => self.wrong(0, "plugins", "an object", other),
        }
    }

    /// A field of a configuration or of one of its plug-ins.
    fn plugin_field(&mut self, name: &str, plugin: &mut Plugin<'t>) {
        if is_field(name, "type") {
            self.string(0, "type", &mut plugin.kind);
        } else if is_field(name, "name") {
            self.string(0, "name", &mut Cow::Borrowed(""));
        } else if is_field(name, "cniversion") {
            self.string(0, "cniVersion", &mut Cow::Borrowed(""));
        } else if is_field(name, "ipam") {
            self.ipam(plugin);
        } else if is_field(name, "dns") {
            self.dns();
        } else if is_field(name, "capabilities") {
            self.fields(0, "capabilities", |decoder, _| decoder.boolean("capabilities"));
        } else if is_field(name, "prevresult") {
            self.object("prevResult");
        } else if is_field(name, "cni.dev/valid-attachments") {
            let field = "valid-attachments";
            self.each(0, field, |decoder| decoder.members(0, field, &[], &["containerid", "ifname"]));
        } else {
            self.json.skip(drop);
        }
    }

    fn ipam(&mut self, plugin: &mut Plugin<'t>) {
        self.fields(0, "ipam", |decoder, name| {
            if is_field(name, "type") {
                decoder.string(0, "ipam", &mut plugin.ipam);
            } else {
                decoder.json.skip(drop);
            }
        });
    }

    fn dns(&mut self) {
        self.fields(0, "dns", |decoder, name| {
            if ["nameservers", "search", "options"].iter().any(|field| is_field(name, field)) {
                decoder.strings(0, "dns", &mut Vec::new());
            } else if is_field(name, "domain") {
                decoder.string(0, "dns", &mut Cow::Borrowed(""));
            } else {
                decoder.json.skip(drop);
            }
        });
    }

    /// An object of whatever is in it.
    fn object(&mut self, field: &'static str) {
        match self.json.sort() {
            Sort::Null | Sort::Object => self.json.skip(drop),
            other => self.wrong(0, field, "an object", other),
        }
    }

    fn boolean(&mut self, field: &'static str) {
        match self.json.sort() {
            Sort::Null | Sort::Bool => self.json.skip(drop),
            other => self.wrong(0, field, "a boolean", other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_of_one_sort() {
        for (config, wanted) in [
            ("", Network::Elsewhere),
            (r#"{"type":"kube-ovn"}"#, Network::KubeOvn),
            (r#"{"TYPE":"kube-ovn","plugins":[null]}"#, Network::KubeOvn),
            (r#"{"type":"bridge","type":"kube-ovn","type":null}"#, Network::KubeOvn),
            (r#"{"type":"macvlan","ipam":{"type":"kube-ovn"}}"#, Network::Addresses),
            (r#"{"type":"bridge","ipam":{"type":"host-local"}}"#, Network::Other),
            (r#"{"type":"bridge","plugins":[{"type":"kube-ovn"}]}"#, Network::Other),
            (r#"{"plugins":[{"type":"bridge"},{"type":"kube-ovn"},null]}"#, Network::KubeOvn),
            (r#"{"plugins":[{"type":"macvlan","ipam":{"type":"kube-ovn"}},{"type":"x"}]}"#, Network::Addresses),
            (r#"{"plugins":[{"type":"kube-ovn"},null],"plugins":[{"name":"x"}]}"#, Network::KubeOvn),
            (r#"{"plugins":[],"plugins":[{"type":"x"}]}"#, Network::Other),
            (r#"{"type":"kube-ovn","plugins":{}}"#, Network::KubeOvn),
            (r#"{"type":"kube-ovn","plugins":[5],"disableCheck":"x"}"#, Network::KubeOvn),
            (r#"{"type":"kube-ovn","provider":5,"mtu":"x"}"#, Network::KubeOvn),
            (r#"{"type":"x","dns":{"nameservers":["a",null],"x":5,"domain":null},"prevResult":null}"#, Network::Other),
            (r#"{"plugins":[{"type":"x"}],"disableCheck":null,"cniVersions":5}"#, Network::Other),
            (r#"{"cniVersion":"1.0.0","capabilities":{"a":true},"type":"x","dns":{},"args":[5]}"#, Network::Other),
        ] {
            assert_eq!(read(config), wanted, "{config}");
        }
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        for (config, wanted) in [
            (r#"{"type":7}"#, "has a type that is not a string"),
            (r#"{"type":"x","name":5}"#, "has a name that is not a string"),
            (r#"{"type":"x","ipam":"x"}"#, "has an ipam that is not an object, or the type in it is not a string"),
            (r#"{"plugins":[{"type":7}]}"#, "has a type that is not a string"),
            (r#"{"plugins":"x"}"#, "has plugins that are not a list of objects"),
            (r#"{"plugins":[],"disableGC":5}"#, "has a disableGC that is not a boolean"),
            (r#"{"type":"x","prevResult":5}"#, "has a field of the wrong type"),
        ] {
            assert_eq!(read(config), Network::Broken(wanted), "{config}");
        }
    }

    #[test]
    fn an_error_is_told_from_what_ends_the_controller() {
        for config in [
            "{",
            "[]",
            "null",
            "{}",
            r#"{"plugins":null}"#,
            r#"{"plugins":[{"name":"x"}]}"#,
            r#"{"type":5}"#,
            r#"{"type":"x","name":5}"#,
            r#"{"type":"x","capabilities":{"a":1}}"#,
            r#"{"type":"x","ipam":[]}"#,
            r#"{"type":"x","ipam":{"type":5}}"#,
            r#"{"type":"x","dns":"10.0.0.10"}"#,
            r#"{"type":"x","dns":{"nameservers":"10.0.0.10"}}"#,
            r#"{"type":"x","dns":{"search":[5]}}"#,
            r#"{"type":"x","dns":{"domain":5}}"#,
            r#"{"type":"x","prevResult":5}"#,
            r#"{"type":"x","cni.dev/valid-attachments":[{"containerID":5}]}"#,
            r#"{"plugins":{}}"#,
            r#"{"plugins":[5]}"#,
            r#"{"plugins":[{"type":7}]}"#,
            r#"{"plugins":[{"type":"x","ipam":"x"}]}"#,
            r#"{"plugins":[{"type":"x","dns":5}]}"#,
            r#"{"plugins":[{"type":"x"}],"disableCheck":"true"}"#,
            r#"{"plugins":[{"type":"x"}],"disableGC":1}"#,
            r#"{"plugins":[{"type":"x"}],"ipam":"x"}"#,
        ] {
            assert!(matches!(read(config), Network::Broken(_)), "{config}");
        }
        for config in [
            r#"{"plugins":[]}"#,
            r#"{"plugins":[null]}"#,
            r#"{"cniVersion":"1.0.0","plugins":[{"type":"bridge"},null]}"#,
            r#"{"plugins":[{"type":"bridge"},null,{"type":"kube-ovn"}]}"#,
        ] {
            assert!(matches!(read(config), Network::EndsController(_)), "{config}");
        }
    }
}
