# -*- coding: utf-8 -*-
"""What the modules `migrate` and `seed` return, for every end that a command can have."""

from __future__ import absolute_import, division, print_function

import os
import shutil
import subprocess
import tempfile
import unittest

from support import Program, document, finding
from module_utils.migration import STATES, confirmed
from module_utils.seeding import seed
from module_utils.tool import COMMANDS, Tool

# The program itself, where it is built: then the same is asked of it.
REAL = os.environ.get("MOTIONCTL")
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "fixtures")


def run(state, answer, check_mode=False, **options):
    program = Program(answer)
    result = STATES[state](Tool("motionctl", program, options), check_mode)
    return result, program.asked


class Applied(unittest.TestCase):
    def test_changed_is_what_the_server_is_afterwards(self):
        error = {"message": "no", "hint": ""}
        for outcome, exit_code, failed, changed in [
            ("applied", 0, False, True),
            ("awaiting-confirmation", 0, False, True),
            ("up-to-date", 0, False, False),
            ("refused", 3, True, False),
            ("rolled-back", 4, True, False),
            ("failed", 1, True, False),
            ("needs-operator", 5, True, True),
            ("invalid", 65, True, False),
            ("unavailable", 69, True, False),
            ("invalid", 64, True, False),
        ]:
            result, asked = run("applied", document("apply", outcome, exit_code, error=error if exit_code else None))
            self.assertEqual((result["failed"], result["changed"]), (failed, changed), outcome)
            self.assertEqual(asked, [["--json", "--no-input", "apply", "--yes"]])

    def test_a_run_without_an_answer_may_have_changed_everything(self):
        result, _asked = run("applied", (-9, "", ""))
        self.assertEqual((result["failed"], result["changed"], result["outcome"]), (True, True, "unknown"))

    def test_check_mode_plans_with_all_options_of_the_change(self):
        plan = {"diff": {"unified": "--- a\n+++ b\n", "directives": []}}
        pending = document("apply", "changes-pending", 0, plan=plan)
        result, asked = run("applied", pending, check_mode=True, confirm_within="5m", plan="/root/saved.plan")
        self.assertEqual(
            asked,
            [["--json", "--no-input", "apply", "--confirm-within", "5m", "--dry-run", "--", "/root/saved.plan"]],
        )
        self.assertEqual((result["failed"], result["changed"]), (False, True))
        self.assertEqual(result["diff"], {"prepared": "--- a\n+++ b\n"})

    def test_what_would_be_refused_fails_in_check_mode(self):
        refused = document("apply", "refused", 3, findings=[finding("topology.cluster-manager", "stop")])
        result, _asked = run("applied", refused, check_mode=True)
        self.assertEqual((result["failed"], result["changed"]), (True, False))
        self.assertEqual(result["stops"], ["topology.cluster-manager"])


class Others(unittest.TestCase):
    def test_looking_changes_nothing_in_any_mode(self):
        for state, command in [("checked", "check"), ("seen", "status"), ("rehearsed", "rehearse")]:
            for check_mode in (False, True):
                result, asked = run(state, document(command, "ok", 0), check_mode=check_mode)
                self.assertEqual((result["failed"], result["changed"]), (False, False))
                self.assertEqual(asked[0][2], command)
            self.assertTrue(run(state, document(command, "failed", 1))[0]["failed"])

    def test_a_rollback_changes_where_something_stood(self):
        self.assertTrue(run("rolled_back", document("rollback", "applied", 0))[0]["changed"])
        self.assertFalse(run("rolled_back", document("rollback", "up-to-date", 0))[0]["changed"])
        for outcome, stands in [("applied", True), ("awaiting-confirmation", True), ("rolled-back", False)]:
            details = {"last_run": {"id": "1", "kind": "migrate", "outcome": outcome}}
            result, asked = run("rolled_back", document("status", "ok", 0, details=details), check_mode=True)
            self.assertEqual(result["changed"], stands)
            self.assertEqual(asked[0][2], "status")

    def test_what_a_named_backup_brings_back_is_not_guessed(self):
        result, _asked = run("rolled_back", document("status", "ok", 0), check_mode=True, backup="2026")
        self.assertTrue(result["skipped"])


class Confirmed(unittest.TestCase):
    def confirm(self, answer, over, check_mode=False, **options):
        program = Program(answer)
        return confirmed(Tool("motionctl", program, options), check_mode, over), program.asked

    def test_the_connection_that_made_the_change_proves_nothing(self):
        result, asked = self.confirm(None, "192.0.2.1 4000 192.0.2.2 22", not_over="192.0.2.1 4000 192.0.2.2 22")
        self.assertEqual((result["failed"], result["changed"], asked), (True, False, []))

    def test_another_one_confirms_and_an_unknown_one_says_so(self):
        ok = document("confirm", "ok", 0)
        result, _asked = self.confirm(ok, "192.0.2.1 4001 192.0.2.2 22", not_over="192.0.2.1 4000 192.0.2.2 22")
        self.assertEqual((result["changed"], result["fresh"]), (True, True))
        result, _asked = self.confirm(ok, None, not_over="192.0.2.1 4000 192.0.2.2 22")
        self.assertEqual((result["changed"], result["fresh"]), (True, None))

    def test_a_change_that_stays_already_is_no_change(self):
        result, _asked = self.confirm(document("confirm", "up-to-date", 0), None)
        self.assertEqual((result["failed"], result["changed"]), (False, False))
        self.assertTrue(self.confirm(document("confirm", "refused", 3), None)[0]["failed"])

    def test_check_mode_says_whether_a_change_waits(self):
        for details, waits in [({"confirmation": {"run": "1"}}, True), ({}, False)]:
            result, asked = self.confirm(document("status", "ok", 0, details=details), None, check_mode=True)
            self.assertEqual((result["changed"], asked[0][2]), (waits, "status"))


class Seeded(unittest.TestCase):
    def seed(self, answer, check_mode=False, content=None, **options):
        program = Program(answer)
        return seed(Tool("motionctl", program, options), check_mode, content), program

    def test_rows_that_are_written_are_the_change(self):
        details = {"rows": [["+", "profile", "Morning", "enabled"], ["+", "agents", "Morning", ""]]}
        answer = document("seed apply", "applied", 0, changes=[{}], details=details)
        result, program = self.seed(answer, content="version: 1\n")
        self.assertEqual((result["failed"], result["changed"]), (False, True))
        self.assertEqual(result["diff"]["prepared"], "+  profile  Morning  enabled\n+  agents  Morning\n")
        self.assertEqual((program.asked[0][-3:], program.data), (["--yes", "--", "-"], ["version: 1\n"]))

    def test_what_no_apply_changes_is_no_change(self):
        answer = document("seed apply", "changes-pending", 0, changes=[])
        result, program = self.seed(answer, check_mode=True, manifest="/root/team.yaml")
        self.assertFalse(result["changed"])
        self.assertEqual(program.asked[0][-3:], ["--dry-run", "--", "/root/team.yaml"])

    def test_a_broken_commit_may_have_changed_it(self):
        self.assertTrue(self.seed(document("seed apply", "needs-operator", 5), manifest="m")[0]["changed"])
        self.assertTrue(self.seed((137, "", ""), manifest="m")[0]["changed"])
        self.assertFalse(self.seed(document("seed apply", "failed", 1), manifest="m")[0]["changed"])
        self.assertFalse(self.seed((137, "", ""), check_mode=True, manifest="m")[0]["changed"])


@unittest.skipUnless(REAL, "MOTIONCTL names no program")
class TheProgramItself(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.tree = os.path.join(self.folder, "tree")
        shutil.copytree(os.path.join(FIXTURES, "standalone"), self.tree)

    def run_it(self, words, data, environment):
        child = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, **environment),
        )
        out, err = child.communicate(data.encode("utf-8") if data else b"")
        return child.returncode, out.decode("utf-8"), err.decode("utf-8")

    def state(self, state, check_mode=False, **options):
        options["root"] = self.tree
        return STATES[state](Tool(REAL, self.run_it, options), check_mode)

    def test_a_migration_and_back(self):
        planned = self.state("applied", check_mode=True)
        self.assertEqual((planned["failed"], planned["changed"]), (False, True), planned["msg"])
        self.assertIn("+    location ^~ /user-ui/ {", planned["diff"]["prepared"])
        done = self.state("applied")
        self.assertEqual((done["outcome"], done["changed"]), ("applied", True))
        self.assertEqual(done["diff"], planned["diff"])
        again = self.state("applied")
        self.assertEqual((again["outcome"], again["changed"], again["failed"]), ("up-to-date", False, False))
        self.assertTrue(self.state("rolled_back", check_mode=True)["changed"])
        self.assertTrue(self.state("rolled_back")["changed"])
        self.assertFalse(self.state("rolled_back", check_mode=True)["changed"])

    def test_a_cluster_is_refused_and_may_be_accepted(self):
        for name in ("keepalived", "corosync"):
            source = os.path.join(FIXTURES, "topology", "cluster-manager.files", "etc", name)
            shutil.copytree(source, os.path.join(self.tree, "etc", name))
        refused = self.state("applied", check_mode=True)
        self.assertEqual((refused["failed"], refused["changed"]), (True, False))
        self.assertEqual(refused["stops"], ["topology.cluster-manager"])
        accepted = self.state("applied", check_mode=True, accept=["topology.cluster-manager"])
        self.assertEqual((accepted["failed"], accepted["changed"]), (False, True))

    def test_every_option_that_is_passed_on_is_one_of_the_program(self):
        for command, options in COMMANDS.items():
            _code, text, _err = self.run_it([REAL] + command.split(" ") + ["--help"], None, {})
            for name, _how in options:
                self.assertIn("--" + name.replace("_", "-") + " ", text.replace("\n", " "), command)

    def test_a_seed_and_the_same_again(self):
        manifest = "version: 1\nprofiles:\n  - name: Morning\n"
        tool = Tool(REAL, self.run_it, {"db": "sqlite:" + os.path.join(self.folder, "motion.db")})
        for check_mode, changed in [(True, True), (False, True), (True, False), (False, False)]:
            result = seed(tool, check_mode, manifest)
            self.assertEqual((result["failed"], result["changed"]), (False, changed), result["msg"])


if __name__ == "__main__":
    unittest.main()
