"""beets: `beet similar QUERY` prints songs that sound like the first one that a query finds.

It asks `soundalike serve --library`: see docs/library.md.
"""

import json
import sys
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import unquote_to_bytes, urlencode
from urllib.request import Request, urlopen

from beets.plugins import BeetsPlugin
from beets.ui import Subcommand, UserError

STRANGER = "what answers there is not soundalike serve --library"


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
                paths = [path_of(song) for song in json.load(answer)["songs"]]
        except HTTPError as error:
            raise UserError(f"soundalike: {detail_of(error)}") from error
        except URLError as error:
            raise UserError(f"soundalike cannot be asked ({error.reason})") from error
        except TimeoutError as error:
            raise UserError("soundalike does not answer within 30 seconds") from error
        except (OSError, HTTPException) as error:
            raise UserError(f"soundalike's answer breaks off ({error})") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{STRANGER}; check soundalike.url") from error
        # Names of files are bytes, and need not be text.
        sys.stdout.flush()
        sys.stdout.buffer.writelines(path + b"\n" for path in paths)
        sys.stdout.buffer.flush()


def path_of(song):
    """The bytes of a song's path; one that is not UTF-8 comes percent-encoded beside it."""
    exact = song.get("path_bytes")
    return unquote_to_bytes(exact) if exact else song["path"].encode()


def detail_of(error):
    """What the server says is wrong, or the status where something else answers."""
    try:
        return json.load(error)["detail"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return f"{STRANGER} (status {error.code}); check soundalike.url"
