# -*- coding: utf-8 -*-
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The filters of this collection, on the machine that commands.

Invariant: each is a function of `module_utils`; nothing is decided here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible.errors import AnsibleFilterError
from ansible_collections.motionctl.fleet.plugins.module_utils import outcomes, rows


def seconds(duration):
    try:
        return outcomes.seconds(duration)
    except ValueError as error:
        raise AnsibleFilterError(str(error))


class FilterModule(object):
    def filters(self):
        return {
            "outcome": outcomes.outcome,
            "outcome_table": outcomes.table,
            "seconds": seconds,
            "survey_rows": rows.of_fleet,
            "survey_csv": rows.as_csv,
            "survey_html": rows.as_html,
            "survey_lines": rows.as_lines,
        }
