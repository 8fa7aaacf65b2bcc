//! Findings about Motion's site, its routes, the new client and the plan.
//!
//! Invariant: rows only; what raises them is elsewhere.

use super::Family::Migration;
use super::row::{graded, info, stop, usual, warn, when};
use crate::outcome::Level::{Info, Stop, Warn};

codes! {
    SITE_NOT_FOUND = stop("site.not-found").exits(69)
        .settled_with("--site FILE", "names the file with Motion's server block")
        .means("no server block has Motion's routes")
        .looked_for("each server block of the configuration: what answers `/`, `/api` and `/socket.io`")
        .advises("name its block with `--server`, or its file with `--site`");
    SITE_AMBIGUOUS = stop("site.ambiguous")
        .settled_with("--server NAME", "names Motion's server block")
        .means("which server blocks are Motion's is not certain")
        .looked_for("where each block leads, against the port in Motion's settings and what its process listens on; \
                     then its routes. Blocks that lead to different applications, or where a variable, a table or a \
                     condition leaves it open, stop the run")
        .advises("name Motion's blocks with `--server NAME[:PORT]`, or its file with `--site`");
    SITE_LEFT_OUT = warn("site.left-out")
        .means("server blocks look like Motion's, and `--server` or `--site` does not name them")
        .looked_for("where the blocks lead that were not named")
        .advises("give `--server` once more for each that is to get the route");
    SITE_OTHERS_LOST = stop("site.others-lost")
        .means("after the change another application's server block would not be reached by its name")
        .looked_for("each server block that is not Motion's: what answers for its name at its addresses, before and \
                     after the change")
        .advises("move that block into a file of its own, or take another `--strategy`");
    SITE_NOT_REPLACEABLE = stop("site.not-replaceable")
        .means("the file cannot be replaced safely")
        .looked_for("the immutable flag, a mount on the file, a second name of it (hard link); a link on the way to it, or to \
                     a file that includes it, which another user owns or could have put into its folder")
        .advises("undo that; it is never cleared silently. A link and its folder should be root's alone");
    SITE_BASE_UNREADABLE =
        graded("site.base-unreadable", &[usual(Stop), when(Warn, "for an ordinary user")])
        .exits(65)
        .accepted_by(Migration)
        .means("what the last change left behind cannot be read: which changes are local is not known")
        .looked_for("`/etc/motionctl/local.d/NAME.toml` and `/var/lib/motionctl/base-*.conf`, which belong together: regular \
                     files that only root could have written, in a format that this version reads")
        .advises("fix the file or put it back from a backup; accept it, and the change is made without; or move it away, and \
                  `motionctl local add` begins a new record");
    SITE_RECORD_GONE = warn("site.record-gone")
        .means("the record of local changes that a change left is not there any more")
        .looked_for("`/etc/motionctl/local.d/NAME.toml`, where the journal says that the last change left one")
        .advises("put it back, from a backup where one has it, or begin a new one with `motionctl local add`");
    SITE_EDITED = info("site.edited")
        .means("Motion's file was edited by hand since the last change, and no record keeps that")
        .looked_for("Motion's file against the text that local changes are told from, and the local changes")
        .advises("`motionctl local add` keeps them");
    SITE_OLDER_COPY = graded("site.older-copy", &[
        usual(Info),
        when(Warn, "the live file serves the new client and the copy does not: a script or an update wrote over it"),
    ])
        .means("an older copy of Motion's file has local changes that the live one lacks")
        .looked_for("files of root's that are named like Motion's (`.bak`, `.old`, `~`, `.rpmsave`, `.dpkg-old`, a date) \
                     beside it, in folders for backups below and beside NGINX's, in `/root` and `/var/backups`; by `check` \
                     and `status -v`")
        .advises("`motionctl plan --carry FILE` shows what comes back, `apply --carry FILE` brings it back; what was \
                  removed on purpose is left out with `--resolve 'PATH=theirs'`");
    SITE_OVERWRITTEN =
        graded("site.overwritten", &[usual(Warn), when(Info, "when no local change is gone")])
        .means("an update wrote Motion's file, and local changes may be gone with it")
        .looked_for("Motion's file against the vendor's text and the local changes that the last change kept: it is \
                     nearer to the one than to both together, or our own routes are gone")
        .advises("`motionctl apply`: it puts the local changes and the new text together");
    SITE_CHANGES_GONE = warn("site.changes-gone")
        .means("local changes are not in Motion's file any more, and no update took them")
        .looked_for("Motion's file against the local changes in `/etc/motionctl/local.d`")
        .advises("`motionctl apply` brings them back, `motionctl local drop PATH` forgets them");
    SITE_VENDOR_TEXT = info("site.vendor-text")
        .means("the vendor's own text stands in Motion's file, because somebody asked for it")
        .looked_for("Motion's file against what `motionctl restore-vendor` left")
        .advises("`motionctl apply` brings route and local changes back");
    SITE_DUPLICATE_SERVER = warn("site.duplicate-server")
        .means("two server blocks have the same address and name: NGINX uses the first, and only warns")
        .looked_for("`listen` and `server_name` of all server blocks")
        .advises("remove the one that is not used");
    SITE_MANAGED_ELSEWHERE = stop("site.managed-elsewhere").accepted_by(Migration)
        .means("another tool writes this file")
        .looked_for("in the first lines of Motion's files: the name of Ansible, Puppet, a hosting panel or the like with \
                     `managed`, or that the file is generated; anywhere: marks of container proxies and panels; and \
                     the folders that panels write into")
        .advises("make the change there, or accept that it may be overwritten");
    SITE_CERTBOT = graded("site.certbot", &[usual(Info), when(Warn, "when certbot edits NGINX's files")])
        .means("certificates are renewed by certbot")
        .looked_for("`/etc/letsencrypt/renewal`: a warning where NGINX is the authenticator or the installer")
        .advises("let no renewal run during the change");
    SITE_DEAD_UPSTREAM = warn("site.dead-upstream")
        .means("an upstream does not answer, or its address looks like a slip of the pen, such as `12.0.0.1`")
        .looked_for("each address that a location proxies to; on the server itself it is also connected to")
        .advises("correct it in a change of its own; it is left as it is");
    SITE_REMOTE_LOCATION = info("site.remote-location")
        .means("a location that does not serve Motion itself leads to another machine")
        .looked_for("each address that a location proxies to")
        .advises("nothing");
    ROUTES_MIGRATED = info("routes.migrated")
        .means("`/user-ui/` is served by the new client")
        .looked_for("which location of each of Motion's server blocks answers it, in NGINX's own order")
        .advises("nothing");
    ROUTES_MISSING = info("routes.missing")
        .means("`/user-ui/` is not served by the new client")
        .looked_for("which location of each of Motion's server blocks answers it, in NGINX's own order")
        .advises("`motionctl apply`");
    ROUTES_ELSEWHERE = graded("routes.elsewhere", &[
        usual(Stop),
        when(Warn, "the new client answers, and something else takes what its page loads"),
    ])
        .means("something other than the new client answers `/user-ui/`, or what its page loads")
        .looked_for("what answers in Motion's blocks, before and after the change, on every way that a request can go; \
                     the page on the disk; the block that NGINX reads first")
        .advises("remove what the evidence names, or let it serve the new client");
    ROUTES_CANNOT_TELL = graded("routes.cannot-tell", &[
        usual(Warn),
        when(Info, "on a live server, which can be asked"),
    ])
        .means("whether the new client answers `/user-ui/` cannot be told from what is in view")
        .looked_for("the page below the root, and the address that the route is handed to")
        .advises("ask the server for `/user-ui/login`, or name the client with `--new-client-root` or \
                  `--new-client-upstream`");
    ROUTES_UNGUARDED = graded("routes.unguarded", &[
        usual(Stop),
        when(Warn, "the new client is there already, and nothing is opened by the change"),
    ])
        .accepted_by(Migration)
        .settled_with("--inherit-guards", "guards the new client's route like the pages beside it")
        .means("what decides who gets in at today's pages does not hold for `/user-ui/`")
        .looked_for("`auth_*`, `allow`, `deny`, `satisfy`, `access_by_lua*`, `modsecurity*` and an `if` that turns away, \
                     on the way to today's pages and to the new client's, as NGINX inherits them")
        .advises("copy them with `--inherit-guards`; accept it where everybody may load the new client");
    ROUTES_GUARDS_DIFFER = warn("routes.guards-differ")
        .means("headers, limits or access rules of today's pages and of `/user-ui/` are not alike")
        .looked_for("`add_header`, `limit_*` and the like on the way to today's pages and to the new client's, as NGINX \
                     inherits them")
        .advises("copy them with `--inherit-guards`, or set them in the server block");
    ROUTES_ERROR_PAGE = warn("routes.error-page")
        .means("an `error_page` answers the new client's missing files as if they were there")
        .looked_for("`error_page` for 404 with `=` or another server's address, where the new client's location \
                     inherits it")
        .advises("the location that motionctl adds leaves it out; in one of your own write \
                  `error_page 404 =404 @name`");
    ROUTES_BARE_PATH = graded("routes.bare-path", &[
        usual(Warn),
        when(Info, "what answers it answers other routes, too"),
    ])
        .means("`/user-ui` without its slash does not lead to the new client")
        .looked_for("what answers `/user-ui` after the change")
        .advises("nothing, where nobody types that path; else let it redirect to `/user-ui/`");
    ROUTES_NOT_ASKED = warn("routes.not-asked")
        .means("the new client's route cannot be asked from this machine: whether it answers stays open")
        .looked_for("for each of Motion's server blocks an address and a name that lead there, held against all other \
                     blocks; what refuses a stranger's TLS handshake; after the change, whether a new route answered")
        .advises("open `/user-ui/login` in a browser, or give a URL of it as a `[[probe]]` in the settings");
    ROUTES_TO_HTTPS = stop("routes.to-https").accepted_by(Migration)
        .means("the change sends people to HTTPS who are served without it now")
        .looked_for("what answers the pages of Motion's blocks on their ports without TLS, before and after the change")
        .advises("make sure that all clients and integrations can use HTTPS, and accept it");
    NEWCLIENT_NOT_FOUND = stop("newclient.not-found").accepted_by(Migration)
        .settled_with("--new-client-root DIR", "names the folder with the new client's index.html")
        .means("the new client was not found; without it there is no plan, also when this is accepted")
        .looked_for("an `index.html` below the application root, or in the folder that is named or configured: no page of \
                     the legacy client; one whose base or scripts name `/user-ui/`, or that Angular's tools built, \
                     with its scripts beside it. On the server itself NGINX and Motion are asked as well")
        .advises("`--new-client-root DIR` or `--new-client-upstream URL`");
    NEWCLIENT_AMBIGUOUS = stop("newclient.ambiguous").accepted_by(Migration)
        .settled_with("--new-client-root DIR", "names the folder that is meant")
        .means("several folders hold a new client; there is no plan until one is chosen")
        .looked_for("every `index.html` below the application root; those are left for which most speaks: base, \
                     scripts that name `/user-ui/`, scripts that are there")
        .advises("choose one with `--new-client-root`");
    NEWCLIENT_NOT_SEEN = warn("newclient.not-seen")
        .means("the folder named as the new client's is not in this copy of a server; it is believed")
        .looked_for("the `index.html` of the folder named with `--new-client-root`, below a tree or in an archive that has \
                     neither the folder nor the one around it")
        .advises("plan on the server, where the page is looked at, before the change is made");
    NEWCLIENT_UNUSUAL = graded("newclient.unusual", &[
        usual(Warn),
        when(Stop, "when what is named was asked and answers with the legacy page"),
    ])
        .accepted_by(Migration)
        .means("what is taken for the new client does not look like it in every way, or was not asked")
        .looked_for("base and scripts of the page on the disk; the page that a named address answers with, and its \
                     scripts. Whatever is said here, after the change the page and its scripts must come")
        .advises("look at the page yourself; name another with `--new-client-root` or `--new-client-upstream`");
    NEWCLIENT_ASKED = graded("newclient.asked", &[
        usual(Info),
        when(Warn, "when what came is not what the files say"),
    ])
        .accepted_by(Migration)
        .means("what the running NGINX, and Motion behind it, answer to `/user-ui/login`")
        .looked_for("one GET of the page without credentials, over the loopback, of the scripts that it names, and of \
                     `/login` and `/` to compare it with. No other server is asked, no redirect off `/user-ui/` followed")
        .advises("nothing; with a warning: reload NGINX if its files were changed, and ask again");
    NEWCLIENT_UNREADABLE = stop("newclient.unreadable").accepted_by(Migration)
        .means("NGINX's user cannot read the new client's files, or not enter a folder above them")
        .looked_for("owner, group and mode of each folder down to `index.html`; the evidence names the first obstacle")
        .advises("grant it");
    NEWCLIENT_VERSION_OLD = warn("newclient.version-old").accepted_by(Migration)
        .means("Motion is older than 3.42.0, in which Agent Profiles use the new client")
        .looked_for("the version in Motion's own files; the evidence names the file")
        .advises("update Motion");
    NEWCLIENT_VERSION_UNKNOWN = info("newclient.version-unknown").accepted_by(Migration)
        .means("Motion's version could not be read")
        .looked_for("`server/package.json`, `package.json`, `XC_VERSION` in `.env`, `VERSION`, `client/package.json`; \
                     the evidence says what each has")
        .advises("make sure that it is 3.42.0 or newer");
    BUNDLE_UNSIGNED = graded("bundle.unsigned", &[
        usual(Warn),
        when(Stop, "where `bundle_signer` or `--bundle-signer` names who may sign: a signature that can be left out proves nothing"),
    ])
        .accepted_by(Migration)
        .means("no trusted key signed the templates of `--bundle`, and they are not the built-in ones")
        .looked_for("`SHA256SUMS.minisig` beside the templates, against the keys in `bundle_signer` of the settings or \
                     `--bundle-signer`")
        .advises("read the diff; get a signed bundle and name its key; accept it for templates of your own");
    BUNDLE_CHANGED = stop("bundle.changed").accepted_by(Migration)
        .means("the templates of `--bundle` are not as they were signed or listed")
        .looked_for("each file of the folder against `SHA256SUMS` beside it, and that list against its signature: what \
                     differs, is missing, is more than what is listed, or is a link or a folder")
        .advises("get the bundle again; after a change of your own list and sign it again");
    MERGE_CONFLICT = stop("merge.conflict").decided_by(Migration)
        .settled_with("--resolve 'PATH=ours'", "keeps this server's text at PATH (`=theirs` takes the vendor's)")
        .means("the live file and the new one changed the same directive differently")
        .looked_for("base, live file and new file, compared directive by directive; both versions are shown with \
                     their lines")
        .advises("decide each with `--resolve 'PATH=ours'`, all others with `--accept merge.conflict=ours` (or \
                  `theirs`), or take `--strategy graft`");
    MERGE_AMBIGUOUS = stop("merge.ambiguous")
        .means("a server block of the vendor's file could be several of this server's")
        .looked_for("server blocks whose names differ: what they proxy to, where they listen, their locations")
        .advises("choose one with `--server NAME[:PORT]`");
    MERGE_UNUSED_RESOLUTION = warn("merge.unused-resolution")
        .means("a `--resolve` or `--take` names a path that decides nothing")
        .looked_for("each path, against the conflicts and the differences that there are")
        .advises("check its spelling against the conflicts and the diff");
    MERGE_KEPT_OURS = info("merge.kept-ours")
        .means("an update has other values than this server, and this server's are kept")
        .looked_for("values that differ where it is not known whether they were the vendor's or local; certificates and \
                     Motion's own address are as the update has them")
        .advises("take the update's value with `--resolve 'PATH=theirs'`");
    MERGE_KEPT_UPDATE = warn("merge.kept-update")
        .means("certificates or addresses of Motion are as an update has them")
        .looked_for("without a text of the vendor's that is known: certificates, and Motion's own address where the \
                     file from before leads nowhere that Motion answers; both versions are named")
        .advises("put back by hand what is not right, and keep it with `motionctl local add`");
    MERGE_BASE_UNKNOWN = warn("merge.base-unknown")
        .means("what the live file was made from is not known")
        .looked_for("with `--candidate`: a base that is named, or remembered from the last change. Without one, \
                     whatever both files have differently is a conflict")
        .advises("name the vendor's old file with `--base`");
    MERGE_STAYS_IN_PLACE = info("merge.stays-in-place")
        .means("some local changes cannot move to the local include")
        .looked_for("with `--local-include`: each local change; the evidence says why")
        .advises("nothing");
    CANDIDATE_LACKS_ROUTE = stop("candidate.lacks-route").exits(65)
        .means("the file given with `--candidate` does not serve the new client")
        .looked_for("which location of the candidate answers `/user-ui/`")
        .advises("ask for the file of this version");
    CANDIDATE_CERTIFICATE_MISSING = graded("candidate.certificate-missing", &[
        usual(Stop),
        when(Warn, "with `--root`: a copied tree often lacks its keys"),
    ])
        .means("the change brings a certificate, key or parameter file that is not there")
        .looked_for("`ssl_certificate`, its key and what else NGINX loads for TLS, in the files that the change writes \
                     and the live ones do not name")
        .advises("put the files there, or keep the server's own lines: `--strategy graft` takes only the new client's \
                  locations");
    PLAN_NO_SAFE_ORDER = stop("plan.no-safe-order")
        .means("no order of the steps keeps every moment between them startable")
        .looked_for("`nginx -t` of each state between two steps")
        .advises("report it, with the plan");
    CONFIG_RUNS_CODE =
        graded("config.runs-code", &[when(Stop, "with `--root`"), when(Info, "on this server")])
        .accepted_by(Migration)
        .means("the configuration makes NGINX run code, when it is tested, when it starts or for requests")
        .looked_for("`load_module`, `ssl_engine`, Perl, njs and Lua in every file of the configuration, each with when \
                     it runs: modules and `perl_require` by `nginx -t` too; njs is compiled by it; Lua is neither \
                     compiled nor run by it, so that only a reload and requests tell whether it works")
        .advises("accept it only for a tree that you trust");
}
