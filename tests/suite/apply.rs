//! The whole migration on a live server: apply, apply again, status, rollback.
//!
//! Invariant: the real binary, the real nginx, a plain `apply` on `/`.

use crate::support::machine::Machine;

const SITE: &str = "/etc/nginx/conf.d/motion.conf";

#[test]
fn the_new_client_comes_and_everything_else_stays() {
    let machine = Machine::new("standalone");
    let legacy = machine.get("/user-ui/login");
    let done = machine.apply(&[]);
    println!("{done}");
    done.expect(0, "applied");
    assert!(machine.read(SITE).contains("/user-ui/"));
    assert_ne!(machine.get("/user-ui/login").body, legacy.body);
}
