# -*- coding: utf-8 -*-
"""How the program is run: where it is found, and how a password gets to it."""
from __future__ import absolute_import, division, print_function

import os
import shutil
import tempfile
import unittest

import support  # The path to what is tested.
from module_utils.process import PROGRAM, leave, tool_of


class Ended(Exception):
    pass


class Module(object):
    """What a module has of Ansible."""

    def __init__(self, folder, found="/usr/bin/motionctl", **parameters):
        self.tmpdir = folder
        self.found = found
        self.params = {"executable": None, "db_password": None}
        self.params.update(parameters)
        self.seen = None
        self.ended = None

    def get_bin_path(self, name, opt_dirs):
        return self.found if name == "motionctl" and "/usr/local/bin" in opt_dirs else None

    def run_command(self, words, data, binary_data, environ_update):
        self.seen = (words, data, binary_data, dict(environ_update))
        name = environ_update.get("MOTIONCTL_DB_PASSWORD_FILE")
        if name:
            with open(name, "rb") as file:
                self.secret = file.read()
            self.mode = os.stat(name).st_mode & 0o777
        if self.params.get("breaks"):
            raise Ended()
        return 69, "", "away"

    def fail_json(self, **result):
        self.ended = result
        raise Ended()

    def exit_json(self, **result):
        self.ended = result


class Language(unittest.TestCase):
    def test_what_runs_on_servers_is_of_this_python_too(self):
        plugins = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins")
        count = 0
        for folder in ("modules", "module_utils"):
            for name in os.listdir(os.path.join(plugins, folder)):
                if name.endswith(".py"):
                    with open(os.path.join(plugins, folder, name), "rb") as file:
                        compile(file.read(), name, "exec")
                    count += 1
        self.assertGreaterEqual(count, 9)


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_password_is_in_a_file_of_ones_own_as_long_as_the_program_runs(self):
        for breaks in (False, True):
            module = Module(self.folder, db_password=u"s\u00e4cret", breaks=breaks)
            try:
                tool_of(module).ask("check")
            except Ended:
                self.assertTrue(breaks)
            self.assertEqual((module.secret, module.mode), (u"s\u00e4cret".encode("utf-8"), 0o600))
            self.assertNotIn(u"s\u00e4cret", u" ".join(module.seen[0]))
            self.assertEqual(os.listdir(self.folder), [])
        self.assertTrue(PROGRAM["db_password"]["no_log"])

    def test_without_a_password_the_servers_own_way_to_it_stays(self):
        module = Module(self.folder)
        tool_of(module).ask("seed plan", ["-"], data="version: 1")
        words, data, binary, environment = module.seen
        self.assertEqual((words[0], data, binary, environment), ("/usr/bin/motionctl", "version: 1", True, {}))

    def test_a_program_that_is_named_is_taken_and_a_missing_one_is_said(self):
        module = Module(self.folder, executable="/opt/motionctl")
        tool_of(module).ask("check")
        self.assertEqual(module.seen[0][0], "/opt/motionctl")
        module = Module(self.folder, found=None)
        self.assertRaises(Ended, tool_of, module)
        self.assertIn("no motionctl on this server", module.ended["msg"])

    def test_a_failure_ends_the_task_as_one(self):
        module = Module(self.folder)
        leave(module, {"failed": False, "changed": True})
        self.assertTrue(module.ended["changed"])
        self.assertRaises(Ended, leave, module, {"failed": True, "changed": False})


if __name__ == "__main__":
    unittest.main()
