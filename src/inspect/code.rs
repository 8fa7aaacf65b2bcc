//! The code that a configuration makes NGINX run, and when that is.
//!
//! Pure. Invariant: each row of the table was measured with the module as Debian packages it. What is not in the table
//! and looks like code is told with the least that is known of it.

use super::directives::{Visit, name};
use crate::facts::{CodeFacts, CodeRuns};
use nginx_config::Config;

/// Directives of which the whole name is known.
const NAMED: [(&str, CodeRuns); 9] = [
    ("load_module", CodeRuns::AtTest),
    ("ssl_engine", CodeRuns::AtTest),
    // Perl's interpreter is made when the configuration is read, and what is required runs in it at once.
    ("perl_require", CodeRuns::AtTest),
    ("perl_modules", CodeRuns::AtTest),
    // The code of a handler is compiled then, and called later.
    ("perl", CodeRuns::CompiledAtTest),
    ("perl_set", CodeRuns::CompiledAtTest),
    // njs compiles what is imported; its functions are looked up when a request needs them.
    ("js_import", CodeRuns::CompiledAtTest),
    ("js_include", CodeRuns::CompiledAtTest),
    ("js_preload_object", CodeRuns::CompiledAtTest),
];

/// Directives that make NGINX run code, in their order.
pub fn runs_code(config: &Config, visits: &[Visit]) -> Vec<CodeFacts> {
    let runs = |visit: &Visit| {
        let directive = name(config, visit.node);
        let runs = when(&directive)?;
        Some(CodeFacts { place: config.place(visit.node), directive, runs })
    };
    visits.iter().filter_map(runs).collect()
}

/// When the code behind a directive runs; `None` where there is none.
fn when(directive: &str) -> Option<CodeRuns> {
    let named = NAMED.iter().find(|(known, _)| *known == directive).map(|(_, runs)| *runs);
    named.or_else(|| match directive {
        // Neither compiled nor run by `nginx -t`; a fault in it makes the start, or the reload, fail.
        _ if directive.starts_with("init_by_lua") => Some(CodeRuns::UnseenAtStart),
        _ if directive.starts_with("init_worker_by_lua") || directive.starts_with("exit_worker_by_lua") => {
            Some(CodeRuns::UnseenInWorkers)
        }
        _ if directive.contains("_by_lua") => Some(CodeRuns::UnseenForRequests),
        // Settings of the interpreter: no code, but there is some that they are for.
        _ if directive.starts_with("lua_") => Some(CodeRuns::UnseenForRequests),
        _ if directive.starts_with("js_") => Some(CodeRuns::CompiledAtTest),
        _ if directive.starts_with("perl") => Some(CodeRuns::AtTest),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_code_is_told_when_it_runs() {
        let check = |directive, expect| assert_eq!(when(directive), expect, "{directive}");
        check("load_module", Some(CodeRuns::AtTest));
        check("perl_require", Some(CodeRuns::AtTest));
        check("perl_set", Some(CodeRuns::CompiledAtTest));
        check("js_content", Some(CodeRuns::CompiledAtTest));
        check("init_by_lua_block", Some(CodeRuns::UnseenAtStart));
        check("init_worker_by_lua_file", Some(CodeRuns::UnseenInWorkers));
        check("content_by_lua_block", Some(CodeRuns::UnseenForRequests));
        check("ssl_certificate_by_lua_file", Some(CodeRuns::UnseenForRequests));
        check("set_by_lua", Some(CodeRuns::UnseenForRequests));
        check("proxy_pass", None);
        check("json", None);
    }
}
