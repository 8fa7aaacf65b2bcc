# -*- coding: utf-8 -*-
"""Runs the program for a module: where it lies, and how a password gets to it.

Invariant: a password is in no argument and no result; its file is root's alone and gone when the program has ended.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import tempfile

from .tool import Tool

# The options of every module.
PROGRAM = {
    "executable": {"type": "path"},
    "config": {"type": "path"},
    "db": {"type": "str"},
    "defaults_file": {"type": "path"},
    "db_ca": {"type": "path"},
    "db_password": {"type": "str", "no_log": True},
    "map": {"type": "path"},
}
# Those of the modules that look at a server's NGINX.
SERVER = {
    "root": {"type": "path"},
    "site": {"type": "str"},
    "server": {"type": "list", "elements": "str", "default": []},
    "nginx": {"type": "path"},
    "nginx_conf": {"type": "str"},
    "base": {"type": "path"},
    "accept": {"type": "list", "elements": "str", "default": []},
    "no_db": {"type": "bool", "default": False},
}
# `sudo` and a bare SSH session may have a shorter path than a login.
PLACES = ["/usr/local/bin", "/usr/bin"]


def tool_of(module):
    """The program on this server, for a module's parameters."""
    program = module.params["executable"] or module.get_bin_path("motionctl", opt_dirs=PLACES)
    if not program:
        module.fail_json(msg="there is no motionctl on this server: install its package first", outcome="unknown")

    def run(words, data, environment):
        password = module.params["db_password"]
        name = None
        try:
            if password is not None:
                handle, name = tempfile.mkstemp(dir=module.tmpdir)
                os.write(handle, password.encode("utf-8") if not isinstance(password, bytes) else password)
                os.close(handle)
                environment = dict(environment, MOTIONCTL_DB_PASSWORD_FILE=name)
            return module.run_command(words, data=data, binary_data=True, environ_update=environment)
        finally:
            if name is not None:
                os.unlink(name)

    return Tool(program, run, module.params)


def leave(module, result):
    """Ends the task with a result."""
    if result["failed"]:
        module.fail_json(**result)
    module.exit_json(**result)
