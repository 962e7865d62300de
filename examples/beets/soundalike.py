"""beets: `beet similar QUERY` prints songs that sound like the first one that a query finds.

It asks `soundalike serve --library`: see docs/library.md.
"""

import json
from urllib.error import HTTPError, URLError
from urllib.parse import unquote_to_bytes, urlencode
from urllib.request import Request, urlopen

from beets.plugins import BeetsPlugin
from beets.ui import Subcommand, UserError


class Soundalike(BeetsPlugin):
    def __init__(self):
        super().__init__()
        self.config.add({"url": "http://127.0.0.1:8080", "token": "", "count": 20})
        self.config["token"].redact = True

    def commands(self):
        command = Subcommand("similar", help="print songs that sound like one")
        command.func = self.similar
        return [command]

    def similar(self, lib, opts, args):
        item = lib.items(args).get()
        if item is None:
            raise UserError("no song is found by this query")
        query = urlencode({"path": item.path, "k": self.config["count"].get(int)})
        request = Request(f"{self.config['url'].as_str()}/api/v1/library/similar?{query}")
        request.add_header("Authorization", f"Bearer {self.config['token'].as_str()}")
        try:
            with urlopen(request, timeout=30) as answer:
                songs = json.load(answer)["songs"]
        except HTTPError as error:
            raise UserError(f"soundalike: {json.load(error)['detail']}") from error
        except URLError as error:
            raise UserError(f"soundalike cannot be asked ({error.reason})") from error
        for song in songs:
            # A path that is not UTF-8 comes percent-encoded beside it.
            path = song.get("path_bytes")
            print(unquote_to_bytes(path).decode(errors="surrogateescape") if path else song["path"])
