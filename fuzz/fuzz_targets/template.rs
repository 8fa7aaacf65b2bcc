//! Any bundle of somebody else's: manifest and template, parted by a line of `%%`.
//!
//! Invariant: rendering ends, within its budget, and what is handed out is one location with the name that the
//! manifest gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::plan::bundle::{Bundle, ClientFolder, ClientSource, MANIFEST, MissingFiles, RouteValues};
use nginx_config::Tree;
use std::collections::BTreeMap;

const PLAIN: &str = r#"format = 1
name = "any"
site = "site.conf"
[[route]]
location = "^~ /user-ui/"
template = "route.conf"
clients = ["static"]
nginx = "1.10.0"
"#;

fuzz_target!(|text: &str| {
    let (manifest, template) = text.split_once("\n%%\n").unwrap_or((PLAIN, text));
    let files = [(MANIFEST, manifest), ("site.conf", ""), ("route.conf", template)];
    let files: BTreeMap<String, Vec<u8>> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
    let Ok(bundle) = Bundle::from_files(files) else { return };
    let root = ClientFolder::parse("/var/www/ui").expect("a folder");
    let values = RouteValues {
        nginx_version: (1, 26, 0),
        client: ClientSource::Static { root, below: None },
        missing_files: MissingFiles::Missing,
    };
    let Ok(routes) = bundle.render_routes(&values) else { return };
    for route in routes {
        let tree = Tree::parse(route.text.as_bytes()).expect("a rendered route parses");
        let [location] = tree.roots() else { panic!("one directive: {}", route.text) };
        let location = tree.directive(*location);
        assert!(location.is("location") && location.children().len() < tree.len());
        let identity: Vec<_> = location.args.iter().map(|word| word.text().into_owned()).collect();
        assert_eq!(identity.join(" "), route.identity);
        assert!(route.text.ends_with('\n'));
    }
});
