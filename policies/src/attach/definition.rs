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
    if decoder.wrong.is_some() {
        return Network::Broken("has a field of the wrong type");
    }
    if top.kind.is_empty() {
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
            if !is_field(&name, "plugins") {
                self.plugin_field(&name, top);
                continue;
            }
            match self.json.sort() {
                Sort::Null => {
                    self.json.skip(drop);
                    *plugins = Plugins::default();
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
        } else if is_field(name, "name") || is_field(name, "cniversion") {
            self.string(0, "name", &mut Cow::Borrowed(""));
        } else if is_field(name, "ipam") {
            self.ipam(plugin);
        } else if is_field(name, "capabilities") {
            self.capabilities();
        } else {
            self.json.skip(drop);
        }
    }

    fn ipam(&mut self, plugin: &mut Plugin<'t>) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::Object => {
                self.json.enter();
                while self.json.more() {
                    let name = self.json.key();
                    if is_field(&name, "type") {
                        self.string(0, "ipam", &mut plugin.ipam);
                    } else {
                        self.json.skip(drop);
                    }
                }
            }
            other => self.wrong(0, "ipam", "an object", other),
        }
    }

    fn capabilities(&mut self) {
        match self.json.sort() {
            Sort::Null => self.json.skip(drop),
            Sort::Object => {
                self.json.enter();
                while self.json.more() {
                    self.json.key();
                    match self.json.sort() {
                        Sort::Null | Sort::Bool => self.json.skip(drop),
                        other => self.wrong(0, "capabilities", "a boolean", other),
                    }
                }
            }
            other => self.wrong(0, "capabilities", "an object", other),
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
            (r#"{"cniVersion":"1.0.0","capabilities":{"a":true},"type":"x","dns":{},"args":[5]}"#, Network::Other),
        ] {
            assert_eq!(read(config), wanted, "{config}");
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
            r#"{"type":"kube-ovn","plugins":{}}"#,
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
