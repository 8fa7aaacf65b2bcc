"""The measuring part of `make scale-fleet`: starts servers, lets Ansible work on all of them, and notes what that took.

Invariant: a row is written only of a play that did to every server what it is there for.
"""

import csv
import ctypes
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PRCTL = ctypes.CDLL(None).prctl
DEATH_SIGNAL, SUBREAPER = 1, 36
# Seconds between two looks at the memory.
EVERY = 1


def measure(answer, words):
    """Runs a program; notes wall time, CPU with everything below it, and memory. A process of its own, see `main`."""
    # Ansible's open connections outlive it; this makes them children of this process.
    PRCTL(SUBREAPER, 1, 0, 0, 0)
    end_with_parent()
    begun, peak, largest, own = time.monotonic(), 0, 0, 0
    busy = machine()
    program = subprocess.Popen(words, stdout=sys.stdout, stderr=subprocess.STDOUT, preexec_fn=end_with_parent)
    while True:
        peak = max(peak, sum(map(share, below(os.getpid()))))
        largest = max(largest, field(program.pid, "status", "VmHWM:"))
        own = max(own, spent(program.pid))
        try:
            exit_code = program.wait(EVERY)
            break
        except subprocess.TimeoutExpired:
            pass
    wall, busy = time.monotonic() - begun, machine() - busy
    # Open connections: only what this process itself has started is below it.
    for pid in below(os.getpid()):
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen = {
        "exit": exit_code,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "own": own,
        "machine": busy,
        "peak": peak,
        "largest": largest,
    }
    pathlib.Path(answer).write_text(json.dumps(seen))


def end_with_parent():
    PRCTL(DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def below(pid):
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return children + [deeper for child in children for deeper in below(child)]


def share(pid):
    """Memory in KiB; what processes have in common counts once."""
    return field(pid, "smaps_rollup", "Pss:")


def field(pid, file, name):
    try:
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def spent(pid):
    """Seconds that this process alone has worked, without its children."""
    try:
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def machine():
    """Seconds that all cores of this machine have worked."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


class Fleet:
    """N servers, and the plays on them."""

    def __init__(self, work, cache, package, logs, number, forks):
        self.work, self.cache, self.package, self.logs = map(pathlib.Path, (work, cache, package, logs))
        self.number, self.forks, self.folder = int(number), int(forks), self.work / "hosts"
        self.names = [f"s{number}" for number in range(1, self.number + 1)]

    def hosts(self, *words, check=True):
        script = ["sh", str(HERE / "hosts.sh"), words[0], str(self.folder), *words[1:]]
        said = None if check else subprocess.DEVNULL
        return subprocess.run(script, check=check, stdout=subprocess.PIPE, stderr=said, text=True).stdout

    def inside(self, name, line):
        return self.hosts("in", name, "sh", "-c", line, check=False).strip()

    def start(self):
        for number, name in enumerate(self.names, 11):
            folder = self.folder / name
            folder.mkdir()
            subprocess.run(["sh", HERE / "furnish.sh", folder, "good"], check=True)
            self.hosts("up", name, str(number), str(self.cache / "bookworm/root"))
        end = time.monotonic() + 60 + 10 * self.number
        for name in self.names:
            while self.inside(name, "systemctl is-system-running") != "running":
                if time.monotonic() > end:
                    failed = self.inside(name, "systemctl --failed --no-legend")
                    sys.exit(f"fleet-scale: {name} does not come up: {failed}")
                time.sleep(0.5)

    def inventory(self):
        servers = {name: {"ansible_host": f"10.55.0.{number}"} for number, name in enumerate(self.names, 11)}
        common = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
            "-o ConnectTimeout=30",
            "motionctl_package": str(self.package),
            "motionctl_no_db": True,
        }
        (self.work / "inventory.json").write_text(json.dumps({"motion": {"hosts": servers, "vars": common}}))
        (self.work / "ansible.cfg").write_text(
            f"[defaults]\ninventory = {self.work}/inventory.json\ncollections_path = {self.work}/collections\n"
            f"local_tmp = {self.work}/tmp\n[ssh_connection]\ncontrol_path_dir = {self.work}/cp\n"
        )

    def play(self, label, playbook, *arguments, wanted=None, in_network=True, **variables):
        report, answer = self.work / "report.json", self.work / "measured.json"
        report.unlink(missing_ok=True)
        variables["motionctl_report"] = str(report)
        words = [str(self.cache / "ansible-newest/bin/ansible-playbook"), playbook, "--forks", str(self.forks)]
        words += [*arguments, "-e", json.dumps(variables)]
        if in_network:
            words = ["sh", str(HERE / "hosts.sh"), "ctl", str(self.folder), *words]
        environment = dict(
            os.environ,
            ANSIBLE_CONFIG=str(self.work / "ansible.cfg"),
            ANSIBLE_NOCOLOR="1",
            LC_ALL="C.UTF-8",
            # Where the survey writes its table.
            PWD=str(self.work),
        )
        log = self.logs / f"{self.number}-{self.forks}-{label}.log".replace(" ", "-").replace(",", "")
        servers = self.servers_cpu() if in_network else 0
        with open(log, "w", encoding="utf-8") as said:
            subprocess.run(
                [sys.executable, __file__, "measure", str(answer), *words],
                env=environment,
                cwd=self.work,
                stdout=said,
                check=True,
            )
        row = json.loads(answer.read_text())
        servers = self.servers_cpu() - servers if in_network else 0
        row.update(label=label, number=self.number, forks=self.forks, servers=servers)
        row["others"] = max(0, row["machine"] - row["cpu"] - servers)
        print(f"fleet-scale: {label}: exit {row['exit']}, {row['wall']:.0f} s", file=sys.stderr)
        if row["exit"] != 0:
            sys.exit(f"fleet-scale: {label}: exit {row['exit']}; see {log}")
        if wanted:
            outcomes = {host: seen["outcome"] for host, seen in json.loads(report.read_text()).items()}
            self.all(label, outcomes, wanted, log)
        elif in_network:
            with open(self.work / "motion-survey.csv", newline="", encoding="utf-8") as file:
                self.all(label, {row["host"]: row["verdict"] for row in csv.DictReader(file)}, "ready", log)
        with open(self.logs / "rows", "a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")

    def all(self, label, seen, wanted, log):
        if seen != dict.fromkeys(self.names, wanted):
            sys.exit(f"fleet-scale: {label}: not all are {wanted}: {seen}; see {log}")

    def servers_cpu(self):
        """Seconds that the servers themselves have worked; each has a cgroup of its own."""
        spent = [self.inside(name, "sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat") for name in self.names]
        return sum(int(microseconds or 0) for microseconds in spent) / 1e6

    def measured(self):
        self.inventory()
        self.start()
        program = str(self.work / "unpacked/usr/bin/motionctl")
        at_once = {"motionctl_serial": [1, "100%"]}
        self.play("survey", "motionctl.fleet.survey", survey_program=program)
        self.play("migrate", "motionctl.fleet.migrate", wanted="confirmed", **at_once)
        for name in self.names:
            self.inside(name, "motionctl rollback --yes --no-db")
        # The package is there, so that this is a whole dry run.
        self.play("dry run", "motionctl.fleet.migrate", "--check", "--diff", wanted="would-change", **at_once)
        self.play("survey, program is there", "motionctl.fleet.survey")

    def table(self):
        """The survey's last play, with names of servers that nobody has looked at."""
        self.inventory()
        inventory = json.loads((self.work / "inventory.json").read_text())
        here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory["ungrouped"] = {"hosts": {"localhost": here}}
        (self.work / "inventory.json").write_text(json.dumps(inventory))
        self.play("table alone", "motionctl.fleet.survey", "--limit", "localhost", in_network=False)


def print_table(logs, head):
    print(f"{head}\n")
    print(
        "| servers | forks | play | wall | controller's CPU | of it the main process | its memory | of it the main process "
        "| servers' CPU | others' CPU |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for line in (pathlib.Path(logs) / "rows").read_text().splitlines():
        row = json.loads(line)
        print(
            f"| {row['number']} | {row['forks']} | {row['label']} | {row['wall']:.0f} s | {row['cpu']:.1f} s "
            f"| {row['own']:.1f} s | {row['peak'] / 1024:.0f} MiB | {row['largest'] / 1024:.0f} MiB "
            f"| {row['servers']:.1f} s | {row['others']:.0f} s |"
        )


def main():
    what, *rest = sys.argv[1:]
    if what == "measure":
        measure(rest[0], rest[1:])
    elif what == "servers":
        Fleet(*rest).measured()
    elif what == "table":
        Fleet(*rest).table()
    else:
        print_table(*rest)


main()
