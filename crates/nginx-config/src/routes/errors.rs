//! Statuses that nginx answers itself, and the `error_page` in their place.
//!
//! Invariant: a status becomes an error page once, as in nginx, unless
//! `recursive_error_pages` allows more; the redirect count bounds those.

use super::answer::{Answer, Handler, Hop, HopCause};
use super::request::State;
use super::router::Router;
use crate::node::Node;

impl Router<'_> {
    /// Answers with a status, or with the error page that is set for it.
    pub fn respond(
        &self,
        chain: &[Node],
        status: u16,
        target: Option<String>,
        mut state: State,
        hops: Vec<Hop>,
    ) -> Answer {
        let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        let recursive =
            self.inherited(chain, "recursive_error_pages").is_some_and(|node| self.arg(node, 0) == b"on");
        let may_replace = (target.is_none() || is_redirect) && status >= 300 && status != 444;
        let page = match self.error_page(chain, status) {
            Some(page) if may_replace && (recursive || !state.error_page) => page,
            _ => return self.end(chain.to_vec(), Handler::Return { status, target }, &state, hops),
        };
        state.error_page = true;
        let written = self.config.directive(page).args.last().map_or(&[][..], |word| word.value);
        let Some(to) = state.expand(written) else {
            let reason = format!("the error page at {} depends on the request", self.config.place(page));
            return self.end(chain.to_vec(), Handler::Unknown { reason }, &state, hops);
        };
        let cause = HopCause::ErrorPage { status, sent: self.sent_status(page, status) };
        match to.first() {
            Some(b'/') => self.redirect(&to, cause, state, hops),
            Some(b'@') => self.go_to_named(&to, cause, state, hops),
            _ => {
                let is_redirect = |code: &u16| matches!(code, 301 | 302 | 303 | 307 | 308);
                let status = self.sent_status(page, status).filter(is_redirect).unwrap_or(302);
                let target = Some(String::from_utf8_lossy(&to).into_owned());
                self.end(chain.to_vec(), Handler::Return { status, target }, &state, hops)
            }
        }
    }

    /// The innermost block with any `error_page` decides, first entry first.
    fn error_page(&self, chain: &[Node], status: u16) -> Option<Node> {
        let pages =
            self.scopes(chain).map(|scope| self.own(scope, "error_page")).find(|pages| !pages.is_empty())?;
        let code = status.to_string();
        pages.into_iter().find(|&page| {
            let args = &self.config.directive(page).args;
            args.iter().rev().skip(1).any(|word| word.value == code.as_bytes())
        })
    }

    /// What the client sees instead of `status`: the code behind `=`, or what
    /// the page itself gives where nothing stands there.
    fn sent_status(&self, page: Node, status: u16) -> Option<u16> {
        let args = &self.config.directive(page).args;
        match args.iter().rev().nth(1).and_then(|word| word.value.strip_prefix(b"=")) {
            Some(code) => std::str::from_utf8(code).ok()?.parse().ok(),
            None => Some(status),
        }
    }
}
