//! Any bytes as a page of Motion's.
//!
//! Invariant: what a page is said to load lies on its own server, each file once, and a page is like itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::motion::page::{Document, Page, without_query};
use std::collections::BTreeSet;
use url::Url;

fuzz_target!(|body: &[u8]| {
    let url = Url::parse("https://cc.example.test/user-ui/login").expect("a URL");
    for page in [Document::read(body, &url), Document::on_the_disk(body)] {
        for files in [&page.scripts, &page.styles] {
            assert!(files.iter().all(|path| path.starts_with('/')));
            assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len());
        }
        assert!(page.assets().all(|path| !without_query(path).contains(['?', '#'])));
        assert!(page.folder.iter().all(|folder| folder.ends_with('/')));
        assert!(page.page != Page::Client || !page.scripts.is_empty());
        assert_eq!(page.is_like(&page), !page.likeness.is_empty());
    }
    assert_eq!(Document::read(body, &url), Document::read(body, &url));
});
