#!/usr/bin/env python3
"""A small client of the Pasted protocol, whole: standard library and `websockets`.

    pasted.py wss://HOST/live new               makes a paste, prints its key
    pasted.py wss://HOST/live send KEY < file   keeps standard input as an item, prints the item's number
    pasted.py wss://HOST/live get KEY           prints the newest item, exact bytes
    pasted.py wss://HOST/live watch KEY         prints each item as it comes, for as long as the paste lives

What makes it safe on a bad network, in the words of PROTOCOL.md: it keeps one `client` and numbers its requests
(`ref`), so that a request which is sent again takes effect once; it keeps a cursor (`after`, `tag`), so that it
goes on where it was; and it comes back after a random wait, unless the close code says not to.
"""

import json
import random
import secrets
import sys
import time

import websockets
from websockets.sync.client import connect


class Refused(Exception):
    """The server said no, for a reason that trying again does not change."""


class Client:
    def __init__(self, address):
        self.address = address
        self.client = secrets.token_hex(16)
        self.ref = 0
        self.cursor = {}
        self.tries = 0

    def request(self, **message):
        """Sends one request until it is answered, over as many connections as it takes; returns the answer."""
        self.ref += 1
        message["ref"] = self.ref
        for connection in self.connections():
            send(connection, message)
            for answer in messages(connection):
                if answer.get("ref") != self.ref:
                    continue
                if answer["type"] != "error":
                    return answer
                if answer["retry"] != "later":
                    raise Refused(answer["message"])
                time.sleep(answer.get("retryAfter", 1000) / 1000)
                send(connection, message)

    def items(self, key):
        """Lists of the items that are new, each item once and in order. The first list is what there is by now."""
        newest = 0
        for connection in self.connections():
            send(connection, {"type": "subscribe", "paste": key, **self.cursor})
            items = []
            for message in messages(connection):
                match message["type"]:
                    case "error":
                        raise Refused(message["message"])
                    case "expired":
                        return
                    case "snapshot" if self.cursor and not message["same"]:
                        raise Refused("This key opens another paste now.")
                    case "snapshot" | "items":
                        items += message["items"]
                    case "append" | "keep":
                        items.append(message)
                if "seq" in message:
                    self.cursor = {"after": message["seq"], "tag": message["tag"]}
                    self.tries = 0
                if message["type"] in ("snapshot", "items", "append", "keep") and not message.get("more"):
                    yield [item for item in items if item["item"] > newest]
                    newest = max([newest, *(item["item"] for item in items)])
                    items = []

    def connections(self):
        """One connection after another, each of them told who we are."""
        while True:
            code = 1006
            try:
                with connect(self.address, subprotocols=["pasted.v1"], max_size=None) as connection:
                    send(connection, {"type": "hello", "client": self.client})
                    yield connection
                code = connection.close_code
            except websockets.InvalidStatus as refusal:
                if refusal.response.status_code < 500:
                    raise Refused(f"The server refuses WebSockets here ({refusal.response.status_code}).")
            except (OSError, EOFError, websockets.InvalidMessage):
                pass  # not there, or lost before a word
            if 4400 <= code < 5000 or code in (1002, 1003, 1007, 1008, 1010):
                raise Refused(f"The server said not to come back ({code}).")
            time.sleep(random.uniform(0, min(30, 0.5 * 2**self.tries)))
            self.tries += 1


def send(connection, message):
    """Says something; who finds the connection lost will hear of it from `messages`."""
    try:
        connection.send(json.dumps(message))
    except websockets.ConnectionClosed:
        pass


def messages(connection):
    """What the server says, until the connection is lost."""
    try:
        for text in connection:
            yield json.loads(text)
    except websockets.ConnectionClosed:
        pass


def main(address, verb, key=None):
    client = Client(address)
    if verb == "new":
        print(client.request(type="create")["paste"])
    elif verb == "send":
        text = sys.stdin.buffer.read().decode("utf-8")
        print(client.request(type="append", paste=key, text=text)["item"])
    elif verb == "get":
        items = next(client.items(key))
        sys.stdout.buffer.write(items[-1]["text"].encode() if items else b"")
    elif verb == "watch":
        for items in client.items(key):
            for item in items:
                sys.stdout.buffer.write(item["text"].encode() + b"\n")
                sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        pass
