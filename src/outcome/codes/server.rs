//! Findings about NGINX, this host and runs of our own.
//!
//! Invariant: rows only; what raises them is elsewhere.

use super::row::{graded, info, stop, usual, warn, when};
use crate::outcome::Level::{Info, Stop, Warn};

codes! {
    NGINX_MISSING = stop("nginx.missing").exits(69)
        .settled_with("--nginx-conf FILE", "names NGINX's main file")
        .means("there is no NGINX to ask")
        .looked_for("a master that runs; a program `nginx` on PATH, at the usual places of builds from source, \
                     relatives and panels, or the one named with `--nginx`; their main files at the usual places below \
                     the root, or the one named with `--nginx-conf`")
        .advises("install it, or name its program with `--nginx` and its main file with `--nginx-conf`; with `--root`, \
                  install it on this machine");
    NGINX_OTHER_PLACE = info("nginx.other-place")
        .means("this server's NGINX or its files are not where the program of PATH has its own")
        .looked_for("the program that runs against the `nginx` of PATH; where none runs, main files at the usual places")
        .advises("nothing has to be done; where another one is meant, name it with `--nginx` and `--nginx-conf`");
    NGINX_RELATIVE = graded("nginx.relative", &[usual(Info), when(Stop, "for a product that is not known")])
        .exits(69)
        .means("the program is no NGINX by name: a relative (Tengine, Angie, OpenResty), or something unknown")
        .looked_for("the lines of `-V` that name a version: the one of NGINX's own counts, where there is one")
        .advises("a relative is used as NGINX; name an unknown one with `--nginx` where its number is one of NGINX's");
    NGINX_UNTRUSTED = graded("nginx.untrusted", &[usual(Warn), when(Stop, "for the program named with `--nginx`")])
        .exits(69)
        .means("a program called `nginx`, or the one named with `--nginx`, is not run: others can change it")
        .looked_for("its owner and every folder above it: root's, and writable by nobody else, by mode, group or \
                     access list")
        .advises("`chown root` and `chmod go-w` what the evidence names, or name another program");
    NGINX_FOREIGN_PROCESS = info("nginx.foreign-process")
        .means("a process calls itself NGINX and is left alone: neither executed nor signalled nor chosen")
        .looked_for("titles in `/proc`: one of another user or user namespace, one whose program others than root can \
                     change, or one that has another name")
        .advises("an NGINX of another user is migrated by that user; where it is this server's, give its program to \
                  root alone, or name it with `--nginx`");
    NGINX_NOT_RUNNING = warn("nginx.not-running")
        .means("no NGINX of this server runs: files are changed and validated, and nothing is reloaded")
        .looked_for("master processes in `/proc` that are root's, in our namespaces, run a program of root's alone and \
                     read these files; and that nobody holds a port of the configuration")
        .advises("start it when you want it to serve");
    NGINX_CONFIG_BROKEN = stop("nginx.config-broken").exits(65)
        .means("the configuration as it is does not pass `nginx -t`")
        .looked_for("its files are read as NGINX reads them, then tested by the running `nginx` in a private view of \
                     this machine")
        .advises("fix it first; the evidence has NGINX's own words, with file and line");
    NGINX_CONFIG_TOO_LARGE = stop("nginx.config-too-large").exits(65)
        .means("the configuration is larger than motionctl reads; NGINX may well accept it")
        .looked_for("64 MiB of one file; 128 MiB, 2,000,000 directives and 1,000,000 inclusions of all files together. How \
                     many files there are does not matter")
        .advises("nothing is wrong with it for NGINX. What is that large is most often a list that a program writes \
                  (`geo`, `map`, `deny`): the evidence names the limit and the file. Copy the tree without that list, let \
                  `motionctl --root COPY plan` show the change, and make it by hand");
    NGINX_NOT_VALIDATED = warn("nginx.not-validated")
        .means("no `nginx -t` has judged this copy of a server: a plan of it may still be refused on the server")
        .looked_for("a program `nginx` on this machine; and of a copy that lacks files, or needs modules that this \
                     machine has not, whether a refusal is about the copy")
        .advises("install NGINX on this machine, or plan on the server itself");
    NGINX_NOT_COPIED = warn("nginx.not-copied")
        .means("the configuration includes files whose folders are not in this copy: they were left out")
        .looked_for("every `include` of a tree or archive that names, or leads by a link to, a file in a folder that is \
                     not there. A file that is missing in a folder that is there is missing on the server, too")
        .advises("ask for what is named where it may concern Motion's site; links to modules do not");
    NGINX_LINK_AS_TEXT = info("nginx.link-as-text")
        .means("links of the server are text files in this copy, as Windows and some panels unpack them")
        .looked_for("configuration files whose whole text is the path of another file of the copy")
        .advises("nothing has to be done: they are read as links; a `.tar.gz` made on the server keeps links");
    NGINX_NEW_WARNINGS = warn("nginx.new-warnings")
        .means("the new configuration passes with warnings that the old one does not have")
        .looked_for("`nginx -t` of the old and of the new configuration, their warnings compared")
        .advises("read them");
    NGINX_PORT_HELD = stop("nginx.port-held")
        .means("another program holds an address that the configuration listens on")
        .looked_for("every `listen` against the listening sockets of this machine. Beside a running NGINX only those \
                     that are new (it would accept the reload and keep the old workers), and those that another \
                     NGINX holds")
        .advises("stop that program, or choose another port");
    NGINX_SEVERAL_MASTERS = graded("nginx.several-masters", &[
        usual(Stop), when(Info, "when the old one of a binary upgrade only waits for its last connections")])
        .means("more than one master runs, and which one to reload is not certain, or not yet")
        .looked_for("master processes in `/proc` whose main file includes Motion's site, or a file of the run that is \
                     undone; of several the one that holds the configuration's ports; parents and children of a \
                     binary upgrade, and which of their workers serve")
        .advises("stop the other, or end the upgrade and wait until its old master has ended");
    NGINX_ENDING = stop("nginx.ending")
        .means("the running NGINX is shutting down and hears no reload any more")
        .looked_for("a master all of whose workers are shutting down, and which has no successor")
        .advises("wait until it has ended, start NGINX, try again");
    NGINX_ORPHAN_WORKERS = stop("nginx.orphan-workers")
        .means("workers serve whose master is gone: nothing can make them read a configuration")
        .looked_for("who holds the ports of the configuration: processes of a program of NGINX's name with a worker's \
                     title and no master as their parent, as a kill for lack of memory leaves them")
        .advises("`systemctl restart nginx`, or `kill -QUIT` what the evidence names and start NGINX; then try again");
    NGINX_SINGLE_PROCESS = stop("nginx.single-process")
        .means("NGINX runs without a master (`master_process off`): no reload of it can be proven")
        .looked_for("who holds the ports of the configuration: a program of NGINX's name that is neither master nor \
                     worker")
        .advises("start it with a master");
    NGINX_OTHER_ROOT = stop("nginx.other-root")
        .means("root's running master lives in a container or chroot, or reads another main file than this one")
        .looked_for("root, pid namespace and main file of each master that is really root's, by device and inode")
        .advises("work inside it");
    NGINX_UNKNOWN = graded("nginx.unknown", &[
        usual(Warn), when(Stop, "when it holds the ports and its title is cut, so that its file is not known")])
        .means("an NGINX may run, and whether it is this server's could not be seen")
        .looked_for("`/proc` of processes and sockets that belong to another user; titles for which there was no room")
        .advises("look as root; start NGINX with an environment, as systemd does");
    NGINX_VERSION_SKEW = warn("nginx.version-skew")
        .means("the NGINX on disk is not the one that runs, as after a package upgrade")
        .looked_for("the running program's own file and version, and what stands on disk at the path that it was \
                     started from, never another `nginx`. Both test the change: one that \
                     only the program on disk refuses is refused (65) when that program accepts the old configuration")
        .advises("restart NGINX at a quiet hour");
    HOST_DISK_SPACE = graded("host.disk-space", &[usual(Stop), when(Warn, "when it could not be computed")])
        .settled_by("backups prune --keep 3", "makes room: removes all backups but the newest 3")
        .means("a change does not fit on the disk")
        .looked_for("bytes and inodes that the backup and the journal need, against what is free, before anything starts")
        .advises("make room, for instance with `motionctl backups prune`; look as root");
    HOST_READ_ONLY = stop("host.read-only")
        .means("the backup's or the journal's folder is on a read-only mount")
        .looked_for("the mounts of `/var/backups/motionctl` and `/var/lib/motionctl`")
        .advises("mount it for writing, and find out why it was not");
    HOST_ETCKEEPER = info("host.etckeeper")
        .means("`/etc` has a history of its own")
        .looked_for("`etckeeper.conf`, or a repository in `/etc`")
        .advises("commit before and after");
    HOST_SELINUX = info("host.selinux")
        .means("SELinux is enforcing or permissive")
        .looked_for("the kernel's own word; in a tree `/etc/selinux/config`")
        .advises("give the new client's folder a label that NGINX may read (`httpd_sys_content_t`)");
    HOST_NOT_ROOT = stop("host.not-root").exits(69)
        .means("only root may make this change")
        .looked_for("the effective user of this command")
        .advises("run it with `sudo`; `check`, `plan` and `status` need no root");
    HOST_NO_SANDBOX = graded("host.no-sandbox", &[usual(Stop), when(Warn, "with `--no-sandbox`")])
        .settled_with("--no-sandbox", "tests the change in place, and undoes it at once where NGINX refuses it")
        .means("the kernel refuses the private view in which the new configuration is tested")
        .looked_for("a child that asks the kernel for namespaces of its own")
        .advises("`--no-sandbox` tests the change in place and undoes it at once on failure; a tree below `--root` \
                  needs a machine that allows it");
    HOST_NO_BOOT_UNIT = graded("host.no-boot-unit", &[usual(Warn), when(Stop, "with `--confirm-within`")])
        .settled_by("install-unit", "writes and enables the unit that ends a change after a power cut")
        .means("after a power cut in the middle of a change nothing sets it right before NGINX starts")
        .looked_for("an enabled `motionctl-recover.service` whose program is there, where systemd runs, or where a tree has \
                     its folder")
        .advises("what the finding names: `systemctl enable motionctl-recover.service` where a package or `make install` \
                  has brought the unit, `motionctl install-unit` for a program that was copied");
    HOST_NO_TIMER = stop("host.no-timer")
        .means("`--confirm-within` was asked for, and no timer can be armed")
        .looked_for("whether systemd runs and answers, and whether the tree is this server")
        .advises("leave the option out");
    RUN_UNFINISHED = stop("run.unfinished")
        .settled_by("recover", "ends the interrupted run: finishes or undoes it")
        .means("an earlier run was interrupted")
        .looked_for("a run without an end in the journal")
        .advises("`motionctl recover`; every changing command does it first");
    RUN_AWAITING_CONFIRMATION = stop("run.awaiting-confirmation")
        .settled_by("confirm", "keeps the change that waits (`motionctl rollback` undoes it)")
        .means("a change waits for its confirmation: no other is made meanwhile")
        .looked_for("the journal; the evidence says how much time is left")
        .advises("`motionctl confirm` or `motionctl rollback`");
    RUN_UNDO_NOT_ARMED = warn("run.undo-not-armed")
        .means("a change waits for its confirmation, and no timer will undo it when its time is over")
        .looked_for("the journal, and what systemd says of the timer")
        .advises("`motionctl confirm` or `motionctl rollback`; when its time is over, the next change or start of the \
                  server undoes it");
    RUN_HISTORY_GONE = warn("run.history-gone")
        .means("backups or a base record are here, and no journal says which changes left them")
        .looked_for("the journal of a server that has backups or a base record: it is missing, or without a whole record")
        .advises("put `/var/lib/motionctl/journal` back, where a copy exists; else `motionctl backups diff ID` shows what \
                  stands, and `motionctl rollback ID --whole-tree` restores it");
}
