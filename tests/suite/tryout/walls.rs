//! Scripts that look for a way out, by plain commands: there is none, and the server does not notice.

use super::{asked, said, tried, try_on};
use crate::support::machine::Machine;
use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

#[test]
fn one_that_kills_everything_it_sees_kills_itself_only() {
    let tried = tried(
        "kill -9 -1\npkill -9 nginx && killall -9 nginx || exit 7\nfor p in /proc/[0-9]*; do [ ${p#/proc/} = $$ ] || kill -9 ${p#/proc/}; done 2>/dev/null\necho still here",
        &[],
    );
    assert!(said(&tried).contains("still here"), "{tried:#}");
    assert_eq!(asked(&tried), ["pkill -9 nginx", "killall -9 nginx"]);
}

#[test]
fn one_that_kills_itself_is_told_as_killed() {
    let output =
        try_on(&Machine::new("standalone"), "echo x > /etc/by-then\npkill -9 .\necho not reached", &[]);
    output.expect(1, "failed");
    let tried = &output.json["details"]["try"];
    assert_eq!((tried["ended"].as_str(), tried["signal"].as_i64()), (Some("killed"), Some(9)), "{output}");
    super::change(tried, "/etc/by-then");
}

#[test]
fn the_servers_sockets_are_out_of_reach() {
    let machine = Machine::new("standalone");
    let places = [
        "/run/dbus/system_bus_socket",
        "/run/mysqld/mysqld.sock",
        "/run/docker.sock",
        "/var/lib/app.sock",
        "/var/opt/app.sock",
    ];
    let name = format!("motionctl-test-{}", std::process::id());
    let listeners: Vec<UnixListener> = machine.inside(|| {
        let by_path = places.iter().map(|place| {
            fs::create_dir_all(std::path::Path::new(place).parent().unwrap()).unwrap();
            UnixListener::bind(place).unwrap()
        });
        let mut all: Vec<_> = by_path.collect();
        let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
        all.push(UnixListener::bind_addr(&address).unwrap());
        all
    });
    let paths = places.map(|place| format!("'{place}'")).join(", ");
    let code = format!(
        "use Socket; for my $p ({paths}, \"\\0{name}\") {{ socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; \
         print connect($s, pack_sockaddr_un($p)) ? \"reached\\n\" : \"no\\n\" }}"
    );
    let connect = format!("perl - <<'END'\n{code}\nEND\n");
    let all = format!(
        "{connect}mysql -e 'select 1' || echo no database\ndocker ps || echo no docker\nls -l /dev/log /dev/sda 2>/dev/null\nexit 0"
    );
    let output = try_on(&machine, &all, &[]);
    output.expect(0, "ok");
    let said = said(&output.json["details"]["try"]);
    assert!(!said.contains("reached") && said.matches("no\n").count() == 6, "{said}");
    for listener in &listeners {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody came");
    }
    // The control: from the machine itself each is reached.
    let outside = machine.shell(&connect).stdout;
    assert_eq!(outside.matches("reached").count(), 6, "{outside}");
}

#[test]
fn mounts_devices_other_processes_and_the_kernel_are_refused() {
    let tried = tried(
        "mount -t tmpfs none /mnt && echo MOUNTED\nunshare -m true && echo UNSHARED\nmknod /opt/disk b 8 0 && echo MADE\n\
         (echo 1 > /proc/sys/kernel/sysrq) 2>&1 && echo KERNEL\n(echo b > /proc/sysrq-trigger) 2>&1 && echo SYSRQ\n\
         (echo 0 > /sys/kernel/mm/ksm/run) 2>&1 && echo SYS\nhostname other && echo NAMED\nmodprobe overlay && echo MODULE\n\
         cat /proc/1/environ && echo LOOKED\nls /proc/1/root/ >/dev/null 2>&1 && echo ROOT\nchroot / true && echo CHROOT\n\
         date -s 2001-01-01 && echo TIME\nreboot\nsysctl -w vm.swappiness=1\n\
         perl -e 'exit(syscall(101, 16, 1, 0, 0) == 0 ? 0 : 1)' && echo TRACED\n\
         perl -e 'exit(syscall(272, 0x10000000) == 0 ? 0 : 1)' && echo USERNS\n\
         perl -e 'use Socket; exit(socket(my $s, 17, SOCK_RAW, 0) ? 0 : 1)' && echo PACKETS\n\
         grep -c . /proc/self/mounts >/dev/null; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status\nexit 0\n",
        &[],
    );
    let said = said(&tried);
    let done: Vec<_> =
        said.lines().filter(|line| line.len() > 2 && line.chars().all(|c| c.is_ascii_uppercase())).collect();
    assert!(done.is_empty(), "{done:?}\n{said}");
    assert!(said.contains("NoNewPrivs:    1") && said.contains("Seccomp:    2"), "{said}");
    let asked = asked(&tried);
    // Nothing stands in for a command that the machine does not have, and not every one can be restarted by name.
    let reboot = ["/usr/sbin/reboot", "/sbin/reboot"].iter().any(|path| std::path::Path::new(path).exists());
    let wanted = ["mount -t tmpfs none /mnt", "unshare -m true", "sysctl -w vm.swappiness=1"];
    for wanted in wanted.into_iter().chain(reboot.then_some("reboot")) {
        assert!(asked.contains(&wanted), "{wanted}: {asked:?}");
    }
}

#[test]
fn the_machine_itself_may_and_the_script_may_not() {
    // The control for the test above: the same commands work where no walls are.
    let machine = Machine::new("standalone");
    machine.must(
        "mknod /run/zero c 1 5 && unshare -m true && perl -e 'exit(syscall(272, 0x20000) == 0 ? 0 : 1)'",
    );
}

#[test]
fn what_stands_in_for_a_command_cannot_be_moved_away_and_forged_words_are_shown_as_such() {
    let tried = tried(
        "mv /usr/bin/systemctl /opt/ 2>/dev/null && echo MOVED\nrm -rf /run/motionctl-try 2>/dev/null\numount /run/motionctl-try && echo UNMOUNTED\n\
         perl -e 'use Socket; socket(my $s, PF_UNIX, SOCK_DGRAM, 0); send($s, \"\\e[2Jnot json\", 0, pack_sockaddr_un(\"/run/motionctl-try/desk\"))'\n\
         systemctl reload nginx\nprintf '\\033]0;owned\\007\\033[31mred\\033[0m\\n'\n",
        &[],
    );
    assert!(!said(&tried).contains("MOVED") && !said(&tried).contains("UNMOUNTED"), "{tried:#}");
    assert_eq!(
        asked(&tried),
        ["umount /run/motionctl-try", "(not understood)", "systemctl reload nginx"],
        "{tried:#}"
    );
    assert!(said(&tried).ends_with("red\n"), "{tried:#}");
}

#[test]
fn one_that_comes_by_a_pipe_is_run_too() {
    let machine = Machine::new("standalone");
    let path = super::script(&machine, "echo of $1; pwd; read -r line || echo nothing to read\n");
    let line = format!("cat {} | {} try --json - -- words", path.display(), env!("CARGO_BIN_EXE_motionctl"));
    let output = machine.shell(&line);
    let tried = &output.json["details"]["try"];
    assert_eq!(said(tried), "of words\n/root\nnothing to read\n", "{output}");
    assert_eq!(tried["script"]["name"], "stdin");
}

#[test]
fn it_starts_with_a_clean_environment_and_no_terminal() {
    let tried = tried(
        "env | cut -d= -f1 | sort | tr '\\n' ' '; echo\nls /proc/self/fd | tr '\\n' ' '; echo\n(: < /dev/tty) 2>/dev/null || echo no terminal\n",
        &[],
    );
    let said = said(&tried);
    let names = said.lines().next().unwrap_or_default();
    assert_eq!(names, "HOME LANG LOGNAME PATH PWD SHELL SHLVL TERM USER _ ", "{said}");
    assert!(said.contains("0 1 2 3 \n") && said.contains("no terminal"), "{said}");
}
