# -*- coding: utf-8 -*-
"""The words of a command line, and what is believed of an answer."""

from __future__ import absolute_import, division, print_function

import json
import os
import shutil
import tempfile
import unittest

from support import document, finding
from module_utils.tool import COMMANDS, Answer, arguments, connection


class Arguments(unittest.TestCase):
    def test_a_command_gets_the_options_that_it_has_and_no_others(self):
        options = {
            "root": "/srv/tree",
            "server": ["a.test:443", "b.test"],
            "accept": ["topology.cluster-manager", "sessions.online"],
            "inherit_guards": True,
            "no_sandbox": False,
            "confirm_within": "5m",
            "candidate": "/root/new.conf",
            "load": 500,
        }
        self.assertEqual(
            arguments("check", options),
            ["--json", "--no-input", "--root", "/srv/tree", "check"]
            + ["--server", "a.test:443", "--server", "b.test", "--inherit-guards"]
            + ["--accept", "topology.cluster-manager,sessions.online"],
        )
        self.assertIn("--confirm-within", arguments("apply", options))
        self.assertNotIn("--confirm-within", arguments("rehearse", options))
        self.assertNotIn("--load", arguments("apply", options))
        self.assertEqual(arguments("rehearse", options)[-4:], ["--candidate", "/root/new.conf", "--load", "500"])

    def test_a_file_whose_name_begins_with_a_dash_is_no_option(self):
        self.assertEqual(arguments("seed apply", {}, ["--prune"], ["--yes"])[-3:], ["--yes", "--", "--prune"])

    def test_what_is_not_given_is_not_said(self):
        for command in COMMANDS:
            empty = {"server": [], "accept": [], "site": None, "with": "", "no_db": False}
            self.assertEqual(arguments(command, empty), ["--json", "--no-input"] + command.split(" "))


class Answers(unittest.TestCase):
    def test_only_the_programs_own_document_is_believed(self):
        good = document("apply", "applied", 0)
        self.assertTrue(Answer(0, json.dumps(good)).is_known)
        for exit_code, out in [
            (137, json.dumps(good)),
            (0, ""),
            (0, "[]"),
            (0, "not JSON"),
            (0, json.dumps(good)[:-5]),
            (0, json.dumps(dict(good, tool="another"))),
            (0, json.dumps(dict(good, format=2))),
        ]:
            answer = Answer(exit_code, out, "warning\nKilled\n")
            self.assertFalse(answer.is_known, out)
            self.assertEqual(answer.outcome, "unknown")
            self.assertIn("Killed", answer.reason())

    def test_a_reason_has_the_state_of_the_server_the_cause_and_the_advice(self):
        error = {"message": "a route does not answer", "hint": "look at it"}
        answer = Answer(4, json.dumps(document("apply", "rolled-back", 4, error=error)))
        self.assertEqual(
            answer.reason(),
            "rolled back, the old configuration is proven to serve: a route does not answer; look at it",
        )

    def test_a_stop_that_was_accepted_or_a_warning_stops_nothing(self):
        findings = [finding("a.b", "stop"), finding("c.d", "stop", accepted=True), finding("e.f", "warn")]
        answer = Answer(3, json.dumps(document("check", "refused", 3, findings=findings)))
        self.assertEqual(answer.stops, ["a.b"])
        self.assertEqual(answer.reason(), "refused, nothing was changed: a.b")


class Connections(unittest.TestCase):
    def setUp(self):
        self.proc = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.proc)

    def process(self, pid, parent, environment, name=b"sh"):
        folder = os.path.join(self.proc, str(pid))
        os.mkdir(folder)
        with open(os.path.join(folder, "environ"), "wb") as file:
            file.write(b"\0".join(environment))
        with open(os.path.join(folder, "stat"), "wb") as file:
            file.write(
                b"%d (%s) S %d 1 1" % (pid, name, parent)
                if bytes is not str
                else "%d (%s) S %d 1 1" % (pid, name, parent)
            )

    def test_below_sudo_it_is_found_in_the_process_above(self):
        self.process(20, 1, [b"A=b"], b"sshd")
        self.process(30, 20, [b"SSH_CONNECTION=192.0.2.1 4000 192.0.2.2 22", b"B=c"], b"x) S 99")
        self.process(40, 30, [b"PATH=/bin"], b"sudo")
        self.process(50, 40, [])
        self.assertEqual(connection(50, self.proc), "192.0.2.1 4000 192.0.2.2 22")

    def test_without_ssh_or_without_a_right_to_look_there_is_none(self):
        self.process(20, 1, [b"NOT_SSH_CONNECTION=1"])
        self.assertIsNone(connection(20, self.proc))
        self.process(30, 25, [])
        self.assertIsNone(connection(30, self.proc))


if __name__ == "__main__":
    unittest.main()
