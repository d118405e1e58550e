#!/usr/bin/env python3
# Needs r2e: rss2email
"""rss2email: one mail an entry, into a maildir of its own; an edit is a reply to the first mail."""
import mailbox
import pathlib
import sys
from email.header import decode_header, make_header

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from daemon import run  # noqa: E402
from story import Client, tell  # noqa: E402

CONFIGURATION = """[DEFAULT]
email-protocol = maildir
maildir-path = {home}/mail
maildir-mailbox = box
from = feeds@localhost
to = reader@localhost
reply-changes = True
trust-guid = True
"""


class Rss2email(Client):
    words_again = 1

    def __init__(self, place, urls, proxy):
        super().__init__(place, urls, proxy)
        (self.home / "mail").mkdir()
        (self.home / "r2e.cfg").write_text(CONFIGURATION.format(home=self.home))
        for name, url in urls.items():
            self.r2e("add", name, url)

    def r2e(self, *words):
        command = ["r2e", "-c", str(self.home / "r2e.cfg"), "-d", str(self.home / "r2e.json"), *words]
        return run(command, env=self.place.environment(), cwd=self.home)

    def poll(self):
        self.r2e("run")

    def shown(self, feed):
        box = mailbox.Maildir(self.home / "mail" / "box")
        mails = [mail for mail in box if f"<{feed}.localhost>" in mail["List-ID"]]
        ids = {mail["X-RSS-ID"] for mail in mails}
        firsts = [mail for mail in mails if mail["In-Reply-To"] is None]
        if len(ids) != len(firsts):
            sys.exit(f"{len(firsts)} mails are no replies, though there are {len(ids)} entries")
        return [str(make_header(decode_header(mail["Subject"]))) for mail in mails]


tell(Rss2email)
