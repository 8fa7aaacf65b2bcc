# -*- coding: utf-8 -*-
"""The survey: what a row says, and that the table says nothing else."""

from __future__ import absolute_import, division, print_function

import csv
import io
import sys
import unittest

try:
    from html.parser import HTMLParser
except ImportError:
    HTMLParser = object

from support import Program, document, finding
from module_utils.rows import COLUMNS, as_csv, as_html, as_lines, of_fleet, of_server
from module_utils.tool import Tool

HOST = {"name": "cc", "os": "Debian GNU/Linux 11 (bullseye)", "nginx": "1.18.0", "motion": "3.45.2"}


def server(check, status=None, plan=None, kept=None):
    answers = [
        check,
        status or document("status", "ok", 0, details={"record": "none", "route": "missing"}),
        plan or document("plan", "changes-pending", 0, plan={}),
        kept or document("local list", "refused", 3),
    ]
    program = Program(*answers)
    return of_server(Tool("motionctl", program, {"site": "/etc/nginx/x.conf", "base": "/root/b"})), program


READY = document("check", "changes-pending", 0, host=HOST, details={"verdict": "ready: it can be brought"})


class Rows(unittest.TestCase):
    def test_four_commands_are_asked_that_only_read(self):
        row, program = server(READY)
        self.assertEqual(
            [" ".join(words) for words in program.asked],
            [
                "--json --no-input check --site /etc/nginx/x.conf",
                "--json --no-input status --site /etc/nginx/x.conf",
                "--json --no-input plan --site /etc/nginx/x.conf --base /root/b --strategy replace",
                "--json --no-input local list",
            ],
        )
        self.assertEqual((row["verdict"], row["nginx"], row["stops"]), ("ready", "1.18.0", "none"))

    def test_without_a_base_local_changes_are_not_known_which_is_not_none(self):
        row, _program = server(READY)
        self.assertEqual((row["base"], row["at_risk"], row["overwritten"]), ("no", "unknown", "never changed"))
        lists = {"carried": [1], "already_present": [2, 3], "conflicting": [4], "dropped": [5, 6]}
        plan = document("plan", "changes-pending", 2, plan={"base": "/root/b", "local_changes": lists})
        row, _program = server(READY, plan=plan)
        self.assertEqual((row["base"], row["at_risk"]), ("yes", "4"))

    def test_what_is_recorded_is_not_at_risk_and_what_was_edited_since_is(self):
        kept = document("local list", "ok", 0, details={"base": "vendor", "changes": [1, 2], "not_kept": ["x"]})
        status = document("status", "ok", 0, details={"record": "edited", "route": "present"})
        row, _program = server(READY, status=status, kept=kept)
        self.assertEqual((row["base"], row["at_risk"], row["overwritten"]), ("yes", "1", "edited"))

    def test_an_update_that_wrote_over_the_file_is_said_first(self):
        details = {
            "record": "overwritten",
            "route": "missing",
            "missing_changes": [{"path": "server", "directive": "location /x/"}],
            "verdict": "an update overwrote motion.conf",
        }
        row, _program = server(READY, status=document("status", "changes-pending", 0, details=details))
        self.assertEqual(row["overwritten"], "yes")
        self.assertTrue(row["says"].startswith("an update overwrote motion.conf; "))

    def test_stops_are_named_once_and_those_that_were_accepted_are_not(self):
        findings = [
            finding("b.c", "stop"),
            finding("a.b", "stop"),
            finding("b.c", "stop"),
            finding("x.y", "stop", True),
        ]
        error = {"message": "stopped by a.b", "hint": ""}
        row, _program = server(document("check", "refused", 3, host=HOST, findings=findings, error=error))
        self.assertEqual((row["verdict"], row["stops"], row["says"]), ("stopped", "a.b b.c", "stopped by a.b"))

    def test_a_change_that_waits_is_said_before_the_stop_that_it_is(self):
        status = document("status", "ok", 0, details={"record": "as-left", "confirmation": {"run": "1"}})
        check = document("check", "refused", 3, host=HOST, findings=[finding("run.awaiting-confirmation", "stop")])
        row, _program = server(check, status=status)
        self.assertEqual(row["verdict"], "waits for its confirmation")
        self.assertEqual(row["stops"], "run.awaiting-confirmation")

    def test_a_server_that_could_not_be_looked_at_has_a_row(self):
        error = {"message": "no NGINX", "hint": ""}
        row, _program = server(document("check", "unavailable", 69, host=dict(HOST, nginx=None), error=error))
        self.assertEqual((row["verdict"], row["nginx"], row["stops"]), ("could not look", "unknown", "unknown"))
        row, _program = server((127, "", "not found"))
        self.assertEqual(row["verdict"], "failed")

    def test_a_record_that_cannot_be_read_is_unknown(self):
        status = document("status", "ok", 0, details={"record": "unreadable", "route": "present"})
        self.assertEqual(server(READY, status=status)[0]["overwritten"], "unknown")


@unittest.skipIf(
    sys.version_info[0] == 2, "tables are made where Ansible is started, and no Ansible starts on Python 2"
)
class Table(unittest.TestCase):
    def rows(self):
        hostile = '=HYPERLINK("http://x"), </td><script>alert(1)</script>\r\n"\'; & \u00fc'
        results = {
            "good": {"row": server(READY)[0]},
            "bad": {"row": dict(server(READY)[0], says=hostile, verdict="+1")},
            "away": {"unreachable": True, "msg": "Task failed: Connection refused"},
            "without": {"failed": True, "msg": "there is no motionctl"},
        }
        return of_fleet(results, ["good", "bad", "away", "without", "never"])

    def test_every_server_has_a_row_and_no_cell_is_empty(self):
        rows = self.rows()
        self.assertEqual([row["host"] for row in rows], ["good", "bad", "away", "without", "never"])
        self.assertEqual([row["verdict"] for row in rows], ["ready", "+1", "unreachable", "failed", "failed"])
        for row in rows:
            self.assertTrue(all(row[key] for key, _title in COLUMNS), row)
        self.assertEqual(rows[2]["at_risk"], "unknown")

    def test_a_spreadsheet_reads_the_same_cells_and_no_formula(self):
        rows = self.rows()
        text = as_csv(rows)
        read = list(csv.reader(io.StringIO(text)))
        self.assertEqual(read[0], [title for _key, title in COLUMNS])
        self.assertEqual([len(line) for line in read], [len(COLUMNS)] * 6)
        for line, row in zip(read[1:], rows):
            for cell, (key, _title) in zip(line, COLUMNS):
                self.assertNotIn(cell[:1], ("=", "+", "-", "@"))
                self.assertEqual(cell.lstrip("'"), " ".join(row[key].split()))

    def test_a_page_has_no_tag_of_a_server(self):
        class Tags(HTMLParser):
            def __init__(self):
                HTMLParser.__init__(self)
                self.tags, self.cells = {}, []

            def handle_starttag(self, tag, attrs):
                self.tags[tag] = self.tags.get(tag, 0) + 1
                if tag == "td":
                    self.cells.append("")

            def handle_data(self, data):
                if self.cells:
                    self.cells[-1] += data

        rows = self.rows()
        page = Tags()
        page.feed(as_html(rows, "2026-11-28"))
        self.assertNotIn("script", page.tags)
        self.assertEqual((page.tags["tr"], page.tags["td"]), (6, 5 * len(COLUMNS)))
        told = [cell.strip() for cell in page.cells]
        expected = [row[key].strip() for row in rows for key, _title in COLUMNS]
        self.assertEqual(["".join(cell.split()) for cell in told], ["".join(cell.split()) for cell in expected])

    def test_lines_for_people_have_host_verdict_and_words(self):
        self.assertEqual(as_lines(self.rows())[2], "away     unreachable  Connection refused")
        self.assertEqual(as_lines([]), [])


if __name__ == "__main__":
    unittest.main()
