//! Any values that a server's old file may hold, rendered: they stay one word each.
//!
//! Invariant: the rendered site has the same directives in the same blocks as with plain values, and each value comes
//! back from it as it went in. Values are parted by line ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::plan::bundle::{
    BelowRoute, Bundle, ClientFolder, ClientSource, FilePath, Listen, MissingFiles, RouteValues, ServerName,
    SiteValues, Size, Switch, Tls, Transport, UpstreamUrl,
};
use nginx_config::{DirectiveId, Tree};
use std::sync::LazyLock;

static BUNDLE: LazyLock<Bundle> = LazyLock::new(Bundle::embedded);

fuzz_target!(|input: (u8, &str)| {
    let (shape, text) = input;
    let lines: Vec<&str> = text.split('\n').collect();
    values_keep_their_promise(&lines);
    let line = |index: usize| lines.get(index).copied().unwrap_or_default();
    let hostile = [line(0), line(1), line(2), line(3), line(4), line(5), line(6), line(7)];
    // A template has a line more for TLS, and one for a path.
    let upstream = UpstreamUrl::parse(line(1)).map(|url| (url.scheme(), url.path().is_empty()));
    let plain = [
        "/var/www/ui",
        match upstream {
            Ok(("https", true)) => "https://ui.example.test",
            Ok(("https", false)) => "https://ui.example.test/app/",
            Ok((_, false)) => "http://ui.example.test/app/",
            Ok((_, true)) | Err(_) => "http://ui.example.test",
        },
        "cc.example.test",
        "443",
        "tls/cc.pem",
        "tls/cc.key",
        "20m",
        "it",
    ];
    let Some(values) = site(&hostile, shape) else { return };
    let usual = site(&plain, shape).expect("plain values are values");
    let (Ok(rendered), Ok(expected)) = (BUNDLE.render_site(&values), BUNDLE.render_site(&usual)) else {
        return;
    };
    let tree = Tree::parse(rendered.as_bytes()).expect("a rendered site parses");
    let expected = Tree::parse(expected.as_bytes()).expect("a rendered site parses");
    assert_eq!(outline(&tree), outline(&expected), "{rendered}");
    comes_back(&tree, "server_name", hostile[2]);
    if shape & 1 == 1 {
        comes_back(&tree, "ssl_certificate", hostile[4]);
        comes_back(&tree, "ssl_certificate_key", hostile[5]);
    }
    comes_back(&tree, "client_max_body_size", hostile[6]);
});

fn values_keep_their_promise(lines: &[&str]) {
    for line in lines {
        if let Ok(folder) = ClientFolder::parse(line) {
            assert!(folder.as_str().starts_with('/') && folder.as_str().ends_with('/'));
            assert_eq!(ClientFolder::parse(folder.as_str()).expect("its own form").as_str(), folder.as_str());
        }
        if let Ok(url) = UpstreamUrl::parse(line) {
            assert_eq!(UpstreamUrl::parse(&url.to_string()).expect("its own form"), url);
            assert_eq!(format!("{}{}", url.origin(), url.path()), url.to_string());
        }
    }
}

fn site(values: &[&str; 8], shape: u8) -> Option<SiteValues> {
    let [root, upstream, name, address, certificate, key, size, below] = values;
    let client = if shape & 2 == 0 {
        let below = if shape & 4 == 0 { None } else { Some(BelowRoute::parse(below).ok()?) };
        ClientSource::Static { root: ClientFolder::parse(root).ok()?, below }
    } else {
        ClientSource::Proxied { upstream: UpstreamUrl::parse(upstream).ok()? }
    };
    let listens = vec![Listen::parse(&[address]).ok()?];
    let transport = if shape & 1 == 0 {
        Transport::Plain { listens }
    } else {
        Transport::Tls(Tls {
            listens,
            quic: Vec::new(),
            redirects: vec![Listen::parse(&["80"]).ok()?],
            certificate: FilePath::parse(certificate).ok()?,
            certificate_key: FilePath::parse(key).ok()?,
            http2: shape & 8 == 0,
            http3: (shape & 16 == 0).then_some(Switch::On),
        })
    };
    let missing_files =
        if shape & 32 == 0 { MissingFiles::Missing } else { MissingFiles::Turned(Vec::new()) };
    Some(SiteValues {
        routes: RouteValues { nginx_version: (1, 26, 0), client, missing_files },
        server_names: vec![ServerName::parse(name).ok()?],
        transport,
        node: UpstreamUrl::parse("http://127.0.0.1:9000").ok()?,
        client_max_body_size: Some(Size::parse(size).ok()?),
    })
}

/// Every directive's name and depth, in order.
fn outline(tree: &Tree) -> Vec<(usize, String)> {
    let depth = |id: DirectiveId| {
        std::iter::successors(tree.directive(id).parent, |id| tree.directive(*id).parent).count()
    };
    tree.walk().map(|id| (depth(id), tree.directive(id).name.text().into_owned())).collect()
}

fn comes_back(tree: &Tree, name: &str, value: &str) {
    let mut found =
        tree.walk().map(|id| tree.directive(id)).filter(|directive| directive.is(name)).peekable();
    assert!(found.peek().is_some(), "{name}");
    for directive in found {
        assert_eq!(directive.args.len(), 1, "{name}");
        assert_eq!(directive.arg(0), Some(value.as_bytes()), "{name}");
    }
}
