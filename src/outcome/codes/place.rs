//! Findings about people at work and about what a standalone server does not have.
//!
//! Invariant: rows only; what raises them is elsewhere. `--accept` takes all of them: they are about the operator's
//! judgement, not about what NGINX can do.

use super::Family::Migration;
use super::row::{graded, info, stop, usual, warn, when};
use crate::outcome::Level::{Info, Stop, Warn};

codes! {
    SESSIONS_ONLINE = graded(
        "sessions.online",
        &[
            usual(Warn),
            when(Stop, "when an agent has an open call or gave a sign of life in the last 15 minutes"),
        ],
    )
        .accepted_by(Migration)
        .settled_with("--wait-idle 30m", "waits up to 30 minutes until nobody is logged in")
        .means("users are logged in")
        .looked_for("the database: users by role, with phones, open sessions and the profile in use; what looks stale \
                     is said to. `data3` and `data4` are both shown, and the profile's name where the schema map tells it")
        .advises("`apply --wait-idle 30m`, or a quiet hour");
    SESSIONS_IDLE = info("sessions.idle").accepted_by(Migration)
        .means("nobody is logged in")
        .looked_for("the database: users that are online")
        .advises("nothing: a good moment");
    SESSIONS_UNKNOWN = graded("sessions.unknown", &[usual(Warn), when(Info, "with `--root`")])
        .accepted_by(Migration)
        .means("who is logged in was not seen, or not wholly")
        .looked_for("the database; the evidence says what was in the way: none is named, no answer, a right, table or \
                     column that is missing")
        .advises("what the finding advises: `--db`, `--defaults-file`, `--db-ca`, `--map`");
    SESSIONS_CONNECTIONS = info("sessions.connections").accepted_by(Migration)
        .means("connections that NGINX's workers have open to Motion")
        .looked_for("the workers' sockets: an upper bound of WebSockets, since an idle keep-alive connection looks the \
                     same")
        .advises("nothing: a reload leaves them on the old workers");
    TOPOLOGY_CLUSTER_MANAGER = stop("topology.cluster-manager").accepted_by(Migration)
        .means("a cluster manager is on this server")
        .looked_for("keepalived, Corosync, Pacemaker, pcsd, heartbeat or the like: a process, an enabled unit or a \
                     configuration file")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_SHARED_STORAGE = stop("topology.shared-storage").accepted_by(Migration)
        .means("the application or the database is on storage that is shared with another server")
        .looked_for("DRBD, NFS, GlusterFS, Ceph or the like in the mounts, `/etc/fstab` and mount units")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_DATABASE_CLUSTER = stop("topology.database-cluster").accepted_by(Migration)
        .means("the database is part of a cluster, a replica or read-only")
        .looked_for("Galera or group replication in the database's option files or its own answers, an arbitrator \
                     that runs")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_REMOTE_UPSTREAM = stop("topology.remote-upstream").accepted_by(Migration)
        .means("Motion itself is served by another host, or by several servers")
        .looked_for("where `/`, `/api` and `/socket.io` are proxied to")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_REMOTE_DATABASE = stop("topology.remote-database").accepted_by(Migration)
        .means("Motion's database is on another host")
        .looked_for("the host in Motion's settings (`.env`, or `production.js` of V2), and in `--db`")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_FLOATING_ADDRESS = stop("topology.floating-address").accepted_by(Migration)
        .means("this server has an address that may move to another")
        .looked_for("a second address that somebody set on an interface, or one of `lo` that is not its own")
        .advises("contact the vendor's support; accept it when nothing moves that address");
    TOPOLOGY_BEHIND_PROXY = stop("topology.behind-proxy").accepted_by(Migration)
        .means("Motion's server blocks expect a proxy in front of them")
        .looked_for("`set_real_ip_from`, `real_ip_header` and `listen … proxy_protocol`")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_OTHER_BALANCER = stop("topology.other-balancer").accepted_by(Migration)
        .means("another web server or balancer holds port 80 or 443")
        .looked_for("HAProxy, Varnish, Traefik, Caddy, Apache or the like among the listening programs; in a tree, by \
                     their units and configuration")
        .advises("contact the vendor's support: this procedure is for standalone servers");
    TOPOLOGY_SPLIT_VOICE = stop("topology.split-voice").accepted_by(Migration)
        .means("Motion runs without Asterisk beside it, or its settings name another host for Asterisk")
        .looked_for("processes; in a tree, units and files; and the host in Motion's settings")
        .advises("contact the vendor's support; accept it where no voice is used");
    TOPOLOGY_NO_TLS = info("topology.no-tls").accepted_by(Migration)
        .means("no server block of Motion's listens with TLS")
        .looked_for("`listen … ssl`")
        .advises("look what ends TLS in front of it");
    TOPOLOGY_DATABASE_REPLICA = warn("topology.database-replica").accepted_by(Migration)
        .means("replicas are attached to the database; one for reports is a legitimate standalone set-up")
        .looked_for("the database's own list of replicas")
        .advises("make sure that it is not for taking over");
    TOPOLOGY_UNKNOWN = graded("topology.unknown", &[usual(Warn), when(Info, "with `--root`")])
        .accepted_by(Migration)
        .means("parts of the server could not be looked at")
        .looked_for("what each sign needs: a tree shows no processes, an ordinary user not all of them. The evidence \
                     says what, why, and which signs that leaves open")
        .advises("what the finding names: as an ordinary user `sudo motionctl check`; as root `--db` for what is about the \
                  database, or make sure of it in another way");
}
