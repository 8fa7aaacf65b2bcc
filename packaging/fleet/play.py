"""One run of `make test-fleet`: starts the hosts, lets one Ansible work on them, and compares what it says with what is there.

Invariant: what a play says of a server is held against the server itself, by a way that Ansible has no part in.
"""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
WORK, CACHE, VERSION, PACKAGE, LOGS = sys.argv[1:]
WORK, CACHE, LOGS = pathlib.Path(WORK), pathlib.Path(CACHE), pathlib.Path(LOGS)
HOSTS_FOLDER = WORK / "hosts"
SITE = "/etc/nginx/conf.d/motion.conf"
# Name, its fault, the root.
HOSTS = [
    ("milan", "good", "trixie"),
    ("turin", "cluster", "bookworm"),
    ("rome", "probe", "bullseye"),
    ("bari", "cut", "bookworm"),
]
WINDOW = "40s"


def hosts(*words, check=True):
    script = ["sh", str(HERE / "hosts.sh"), words[0], str(HOSTS_FOLDER), *words[1:]]
    said = None if check else subprocess.DEVNULL
    return subprocess.run(script, check=check, stdout=subprocess.PIPE, stderr=said, text=True).stdout


def inside(host, line):
    return hosts("in", host, "sh", "-c", line, check=False)


def sha256(host):
    return inside(host, f"sha256sum {SITE}").split()[0]


def start():
    for number, (name, fault, suite) in enumerate(HOSTS, 11):
        folder = HOSTS_FOLDER / name
        folder.mkdir()
        subprocess.run(["sh", HERE / "furnish.sh", folder, fault], check=True)
        # Not waited for; and its output is not this program's, which would stay open with it.
        hosts("up", name, str(number), str(CACHE / suite / "root"))
    for name, _fault, _suite in HOSTS:
        wait(f"{name} is up", lambda: inside(name, "systemctl is-system-running").strip() == "running")


def wait(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"test-fleet: not in {seconds} s: {what}")
        time.sleep(0.5)


def inventory():
    servers = {name: {"ansible_host": f"10.55.0.{number}"} for number, (name, _f, _s) in enumerate(HOSTS, 11)}
    servers["rome"]["motionctl_settings"] = (
        '[[probe]]\nurl = "https://cc.example.test/health"\ncontains = "database: ok"\n'
    )
    servers["bari"]["motionctl_confirm_within"] = WINDOW
    # Behind sudo, which hides the connection from the module.
    servers["milan"]["ansible_user"] = "admin"
    if VERSION == "2.16":
        servers["rome"]["ansible_python_interpreter"] = "/usr/bin/python2.7"
    common = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(HOSTS_FOLDER / "key"),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
        "-o ConnectTimeout=5",
        "motionctl_package": PACKAGE,
        "motionctl_no_db": True,
    }
    (WORK / "inventory.json").write_text(json.dumps({"motion": {"hosts": servers, "vars": common}}))
    (WORK / "ansible.cfg").write_text(
        f"[defaults]\ninventory = {WORK}/inventory.json\ncollections_path = {WORK}/collections\n"
        f"local_tmp = {WORK}/tmp\n"
        # Another run's hosts have the same addresses in namespaces of their own, and open connections outlive a play.
        f"[ssh_connection]\ncontrol_path_dir = {WORK}/cp\n"
    )


class Played:
    """What one run of ansible-playbook said."""

    def __init__(self, name, playbook, *arguments, **variables):
        report = WORK / "report.json"
        report.unlink(missing_ok=True)
        variables["motionctl_report"] = str(report)
        words = [
            str(CACHE / f"ansible-{VERSION}/bin/ansible-playbook"),
            playbook,
            *arguments,
            "-e",
            json.dumps(variables),
        ]
        environment = dict(os.environ, ANSIBLE_CONFIG=str(WORK / "ansible.cfg"), ANSIBLE_NOCOLOR="1", LC_ALL="C.UTF-8")
        done = subprocess.run(
            ["sh", HERE / "hosts.sh", "ctl", HOSTS_FOLDER, *words],
            env=environment,
            cwd=WORK,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / name).write_text(done.stdout)
        self.name, self.text, self.exit_code = name, done.stdout, done.returncode
        self.outcomes = json.loads(report.read_text()) if report.exists() else {}
        print(f"test-fleet: {name}: exit {done.returncode}", file=sys.stderr)

    def recap(self, host):
        line = re.search(rf"^{host} +: (.*)$", self.text, re.MULTILINE)
        return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line[1])} if line else None

    def expect(self, host, word, words, **recap):
        seen = self.outcomes.get(host) or {}
        same(f"{self.name}: {host}", seen.get("outcome"), word)
        same(f"{self.name}: {host}: {words!r} in {seen['says']!r}", words in seen["says"], True)
        for key, number in recap.items():
            same(f"{self.name}: {host}: {key}", self.recap(host)[key], number)


def transcript(text):
    """A play's output as docs/fleet.md has it: without tasks that nobody had to do, and of a failure the message alone."""
    kept, head, shown = [], None, False
    for line in text.splitlines():
        if line.startswith(("PLAY", "TASK")):
            head, shown = line.rstrip("* "), line.startswith("TASK [motionctl.fleet.motionctl : Show")
            if line.startswith("PLAY"):
                kept += ["", head]
                head = None
            continue
        status = re.match(r"(ok|changed|fatal): \[([^]]*)\](: [A-Z]+!)?( => (\{.*))?", line)
        if status and not line.startswith("ok: [localhost"):
            if head:
                kept += ["", head]
                head = None
            kept.append(line.split(" => ")[0] + (" => " + json.loads(status[5])["msg"] if status[1] == "fatal" else ""))
        elif shown and line.startswith("        "):
            kept.append("    " + json.loads(line.strip().rstrip(",")))
        elif re.match(r"\.\.\.ignoring|\w+ +: ok=", line):
            kept.append(line)
    return "\n".join(kept).strip() + "\n"


def same(what, seen, expected):
    if seen != expected:
        sys.exit(f"test-fleet: {what}: {seen!r}, expected {expected!r}; the logs are in {LOGS}")


def as_before(host, before):
    same(f"{host}: its file", sha256(host), before[host])
    same(f"{host}: nginx -t", inside(host, "nginx -t 2>&1 && echo good").split()[-1], "good")
    same(f"{host}: serves the new client", serves_new(host), False)


def serves_new(host):
    """Asks NGINX itself, as a browser does."""
    program = (
        "import ssl, urllib.request as r; c = ssl._create_unverified_context(); "
        "print(r.urlopen('https://cc.example.test/user-ui/login', context=c).read().decode())"
    )
    return "/user-ui/" in inside(host, f'python3 -c "{program}"')


def main():
    inventory()
    start()
    before = {name: sha256(name) for name, _fault, _suite in HOSTS}
    survey_of_bare_servers()
    another_package_is_refused()
    the_first_that_is_refused_stops_the_rest(before)
    what_would_come(before)
    the_four(before)
    once_more()
    a_task_that_objects(before)
    the_same_connection(before)
    lost_for_good(before)
    seeding()
    the_survey_afterwards()


def survey_of_bare_servers():
    program = WORK / "unpacked"
    subprocess.run(["dpkg-deb", "-x", PACKAGE, program], check=True)
    played = Played("1-survey", "motionctl.fleet.survey", survey_program=str(program / "usr/bin/motionctl"))
    same("survey: exit", played.exit_code, 0)
    rows = table()
    verdicts = {host: row["verdict"] for host, row in rows.items()}
    same("survey: verdicts", verdicts, {"milan": "ready", "turin": "stopped", "rome": "ready", "bari": "ready"})
    same("survey: stops", rows["turin"]["stopped by"], "topology.cluster-manager")
    for name, _fault, _suite in HOSTS:
        same(f"survey: NGINX of {name}", rows[name]["NGINX"], inside(name, "nginx -v 2>&1").split("/")[-1].strip())
    for name, _fault, _suite in HOSTS:
        left = inside(name, "ls -A /root | grep motionctl; ls -d /var/lib/motionctl /usr/bin/motionctl 2>/dev/null")
        same(f"survey: left on {name}", left, "")
        same(f"survey: changed on {name}", played.recap(name)["changed"], 0)


def table():
    with open(WORK / "motion-survey.csv", newline="", encoding="utf-8") as file:
        return {row["host"]: row for row in csv.DictReader(file)}


def another_package_is_refused():
    wrong = {"motionctl_package_sha256": "0" * 64, "motionctl_hosts": "bari"}
    played = Played("1-package", "motionctl.fleet.migrate", **wrong)
    same("another package: exit", played.exit_code, 2)
    same("another package: on bari", inside("bari", "ls /usr/bin/motionctl /var/cache/motionctl 2>/dev/null"), "")


def the_first_that_is_refused_stops_the_rest(before):
    # Inventories are read in their order: turin is the first of the two.
    played = Played("2-canary", "motionctl.fleet.migrate", motionctl_hosts="turin:bari")
    same("canary: exit", played.exit_code, 2)
    played.expect("turin", "refused", "topology.cluster-manager", failed=1)
    same("canary: bari", (played.outcomes["bari"], played.recap("bari")), ({}, None))
    same("canary: on bari", inside("bari", "ls /usr/bin/motionctl 2>/dev/null"), "")
    for host in ("turin", "bari"):
        as_before(host, before)


def what_would_come(before):
    everything = {"motionctl_serial": "100%", "motionctl_max_fail_percentage": 100}
    played = Played("3-check", "motionctl.fleet.migrate", "--check", "--diff", **everything)
    played.expect("bari", "would-change", "the package would be installed first", failed=0)
    # It is there since the play before; then the change itself is planned.
    played.expect("turin", "refused", "topology.cluster-manager", failed=1)
    for name, _fault, _suite in HOSTS:
        as_before(name, before)


def the_four(before):
    played = Played(
        "4-migrate", "motionctl.fleet.migrate", motionctl_serial=[1, "100%"], motionctl_max_fail_percentage=100
    )
    same("migrate: exit", played.exit_code, 2)
    (LOGS / "transcript").write_text(transcript(played.text))
    played.expect("milan", "confirmed", "confirmed over a fresh connection", failed=0)
    played.expect("turin", "refused", "refused, nothing was changed: stopped by topology.cluster-manager", failed=1)
    played.expect("rome", "rolled-back", "/health: the answer does not contain the text asked for", failed=1)
    played.expect("bari", "undone", "the server has undone it by itself", failed=1)
    same("milan: serves the new client", serves_new("milan"), True)
    for host in ("turin", "rome", "bari"):
        as_before(host, before)
    # That it was lost, that systemd took it back, and that nothing was begun a second time.
    stops = inside("bari", "journalctl -u cut.service -o cat --no-pager | grep -c 'Deactivated\\|Succeeded'")
    same("bari: its sshd came and went", int(stops) >= 2, True)
    undone = inside(
        "bari", "journalctl -o cat --no-pager | grep -c 'motionctl-unconfirmed.*\\(Deactivated\\|Succeeded\\)'"
    )
    same("bari: a timer undid it", int(undone) >= 1, True)
    started = inside("bari", 'grep -c \'"event":"started"\' /var/lib/motionctl/journal')
    same("bari: runs in its journal", started.strip(), "1")


def once_more():
    everything = {"motionctl_serial": "100%", "motionctl_max_fail_percentage": 100}
    played = Played("5-again", "motionctl.fleet.migrate", "--check", "--diff", **everything)
    played.expect("milan", "up-to-date", "nothing to do", changed=0, failed=0)
    played.expect("bari", "would-change", "pending", changed=1, failed=0)
    played.expect("turin", "refused", "topology.cluster-manager", changed=0, failed=1)
    same("check mode: the difference is shown", "+    location ^~ /user-ui/ {" in played.text, True)
    # Also where no package is named, since it is there.
    played = Played("6-again", "motionctl.fleet.migrate", motionctl_hosts="milan", motionctl_package="")
    played.expect("milan", "up-to-date", "nothing to do", changed=0, failed=0)


def a_task_that_objects(before):
    """On bari, whose fault is mended: the play itself says no before the confirmation."""
    inside("bari", "systemctl stop cut.path")
    (WORK / "object.yml").write_text("- name: Log in as an agent\n  ansible.builtin.fail:\n    msg: nobody can\n")
    played = Played(
        "7-object", "motionctl.fleet.migrate", motionctl_hosts="bari", motionctl_confirm_tasks=str(WORK / "object.yml")
    )
    played.expect("bari", "undone", "taken back, since a task before the confirmation failed", failed=1)
    as_before("bari", before)


def the_same_connection(before):
    """A play that forgets to close it: Ansible's connections stay open from task to task."""
    (WORK / "same.yml").write_text(SAME)
    played = Played("8-same", str(WORK / "same.yml"))
    same("the same connection: exit", played.exit_code, 0)
    as_before("bari", before)


def lost_for_good(before):
    """As before, but its sshd does not come back. What nobody saw is not said to be."""
    inside("bari", "touch /run/stay-cut; systemctl start cut.path")
    played = Played("9-lost", "motionctl.fleet.migrate", motionctl_hosts="bari", motionctl_grace=2)
    played.expect("bari", "unknown", f"motionctl on it undoes the change within {WINDOW} unless", failed=1)
    wait("bari has undone it", lambda: sha256("bari") == before["bari"])
    as_before("bari", before)
    inside("bari", "rm /run/stay-cut; systemctl stop cut.path; systemctl start ssh")


def seeding():
    (WORK / "seed.yml").write_text(SEED)
    played = Played("10-seed", str(WORK / "seed.yml"))
    same("seed: exit", played.exit_code, 0)
    same("seed: changed", played.recap("milan")["changed"], 2)
    same("seed: the password is nowhere", "not-to-be-seen" in played.text, False)


def the_survey_afterwards():
    """An update has written Motion's file of milan again, and bari is off."""
    vendor = (HERE.parent.parent / "fixtures/standalone" / SITE[1:]).read_text()
    (HOSTS_FOLDER / "vendor.conf").write_text(vendor)
    with open(HOSTS_FOLDER / "vendor.conf", encoding="utf-8") as text:
        subprocess.run(
            ["sh", HERE / "hosts.sh", "in", HOSTS_FOLDER, "milan", "tee", SITE],
            stdin=text,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    inside("bari", "systemctl stop ssh; ip link set eth0 down")
    played = Played("11-survey", "motionctl.fleet.survey")
    same("survey: exit", played.exit_code, 0)
    rows = table()
    verdicts = {host: row["verdict"] for host, row in rows.items()}
    same("survey: verdicts", verdicts, {"milan": "ready", "turin": "stopped", "rome": "ready", "bari": "unreachable"})
    overwritten = {host: row["overwritten since"] for host, row in rows.items()}
    same(
        "survey: overwritten",
        overwritten,
        {"milan": "yes", "turin": "never changed", "rome": "never changed", "bari": "unknown"},
    )
    same("survey: milan in words", "an update" in rows["milan"]["in words"], True)
    same("survey: at risk", rows["bari"]["local changes at risk"], "unknown")
    page = (WORK / "motion-survey.html").read_text()
    same("survey: a row for each server", page.count("<tr class="), 4)
    for name in ("motion-survey.csv", "motion-survey.html"):
        (LOGS / name).write_bytes((WORK / name).read_bytes())


SAME = """
- hosts: bari
  gather_facts: false
  tasks:
    - motionctl.fleet.migrate:
        confirm_within: 2m
        no_db: true
      register: made
    - motionctl.fleet.migrate:
        state: confirmed
        not_over: "{{ made.connection }}"
      ignore_errors: true
      register: confirmed
    - motionctl.fleet.migrate:
        state: confirmed
        not_over: "{{ made.connection }}"
      check_mode: true
      vars:
        ansible_ssh_args: "-o ControlMaster=no -o ControlPath=none"
      register: looked
    - motionctl.fleet.migrate:
        state: rolled_back
      register: back
    - ansible.builtin.assert:
        that:
          - made is changed and made.outcome == 'awaiting-confirmation' and made.connection | length > 0
          - confirmed is failed and confirmed is not changed and not confirmed.fresh
          - looked is changed and looked.fresh
          - back is changed
"""

SEED = """
- hosts: milan
  gather_facts: false
  become: true
  module_defaults:
    motionctl.fleet.seed:
      db: sqlite:/root/motion.db
      db_password: not-to-be-seen
      content: |
        version: 1
        profiles:
          - name: Morning
  tasks:
    - motionctl.fleet.seed:
      check_mode: true
      register: planned
    - motionctl.fleet.seed:
      register: done
    - motionctl.fleet.seed:
      register: again
    - motionctl.fleet.seed:
        content: "version: 1\\nprofiles:\\n  - nmae: x\\n"
      ignore_errors: true
      register: wrong
    - ansible.builtin.assert:
        that:
          - planned is changed and done is changed and again is not changed
          - done.details.counts.add == 1
          - wrong is failed and wrong.exit_code == 65 and wrong.problems[0].line == 3
"""

main()
