//! The private network, and what a job may do.

use crate::support::site::{Site, launcher, shell, text};
use motionctl::host::sandbox::{Capabilities, Network, Spec};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

#[test]
fn every_address_can_be_listened_on() {
    let mut site = Site::new("listen 10.9.9.9:80; listen [2001:db8::9]:443;");
    assert!(
        !launcher().run(&site.spec, &site.test()).unwrap().ending.success(),
        "these are the host's addresses"
    );
    site.spec.network = Network::Private;
    let done = launcher().run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
}

#[test]
fn every_address_is_reached_and_none_outside() {
    let code = r#"use IO::Socket::INET;
        my $l = IO::Socket::INET->new(LocalAddr => "10.9.9.9", LocalPort => 8080, Listen => 1) or die "listen: $@";
        my $c = IO::Socket::INET->new(PeerAddr => "10.9.9.9", PeerPort => 8080, Timeout => 2) or die "connect: $@";
        my $a = $l->accept; print "from ", $a->peerhost, "\n"; open F, "/proc/net/dev"; print grep /:/, <F>;"#;
    let mut spec = Spec::live();
    spec.network = Network::Private;
    let perl = crate::support::site::program("/usr/bin/perl", ["-e", code]);
    let done = launcher().run(&spec, &perl).unwrap();
    let said = text(&done.stdout);
    assert!(said.starts_with("from 10.9.9.9\n"), "{said}{}", text(&done.stderr));
    assert_eq!(said.lines().count(), 2, "only `lo`: {said}");
}

const STATUS: &str = "grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status; ls /proc/self/fd | wc -l";

#[test]
fn nginx_keeps_seven_capabilities() {
    // A descriptor that any child of ours inherits, as from a careless library.
    let stray = std::fs::File::open("/etc/hostname").unwrap();
    fcntl(&stray, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let done = launcher().run(&Spec::live(), &shell(STATUS)).unwrap();
    let said = text(&done.stdout);
    for set in ["CapPrm", "CapEff", "CapBnd"] {
        assert!(said.contains(&format!("{set}:\t00000000000004eb")), "{said}");
    }
    assert!(
        said.contains("CapInh:\t0000000000000000") && said.contains("CapAmb:\t0000000000000000"),
        "{said}"
    );
    assert!(said.contains("NoNewPrivs:\t1"), "{said}");
    assert!(said.ends_with("\n4\n"), "a stray descriptor: {said}");
}

#[test]
fn none_means_none_and_nginx_t_still_works() {
    let mut site = Site::new("listen 80; listen 192.0.2.7:443;");
    site.spec.capabilities = Capabilities::None;
    let said = text(&launcher().run(&site.spec, &shell(STATUS)).unwrap().stdout);
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert!(said.contains(&format!("{set}:\t0000000000000000")), "{said}");
    }
    assert!(said.contains("NoNewPrivs:\t1"), "{said}");
    let done = launcher().run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
    assert_eq!(done.mode.network, Network::Private);
}

#[test]
fn without_capabilities_nothing_of_others_is_touched() {
    let mut spec = Spec::live();
    spec.capabilities = Capabilities::None;
    let script = "chown 33 /etc/hostname; mount -t tmpfs x /mnt; mknod /tmp/d b 254 0; kill -9 1; chroot /; \
                  unshare -m true; echo $?; cat /proc/1/root/etc/hostname 2>/dev/null; echo end";
    let done = launcher().run(&spec, &shell(script)).unwrap();
    let said = text(&done.stdout);
    assert!(said.ends_with("end\n") && !said.starts_with("0\n"), "{said}");
    let refused = text(&done.stderr).lines().count();
    assert!(refused >= 5, "something was allowed: {}", text(&done.stderr));
}
