"""Takes PROTOCOL.md apart into the steps of its examples."""

import contextlib
import json

EVENTS = {"append", "edit", "keep", "remove", "clear", "extend"}


class Wrong(AssertionError):
    """The page says something else than the server."""


def blocks(page):
    """The fenced blocks: the section's title, what stands behind the fence, the first line's number, the lines."""
    title, fence, found = "", None, []
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("```"):
            if fence is None:
                fence = (title, line[3:].strip(), number + 1, [])
            else:
                found.append(fence)
                fence = None
        elif fence is not None:
            fence[3].append(line)
        elif line.startswith("#"):
            title = line.lstrip("# ")
    return found


def steps(lines):
    """`(kind, text, offset)` of each step of a block, messages put together again."""
    done = []
    for offset, line in enumerate(lines):
        if line[:2] in ("> ", "< ", "= "):
            done.append([line[0], line[2:].strip(), offset])
        elif line.startswith(" ") and done:
            if done[-1][0] != "=" and done[-1][1].count("{") > done[-1][1].count("}"):
                done[-1][1] += line.strip()
        elif line.strip():
            raise Wrong(f"nobody sends or receives this: {line}")
    return done


def commands(lines):
    """`(command, printed lines, offset)` of each command of a block."""
    found = []
    for offset, line in enumerate(lines):
        if line.startswith("$ "):
            found.append((line[2:], [], offset))
        elif found:
            found[-1][1].append(line)
        else:
            raise Wrong(f"nobody prints this: {line}")
    return found


def parse(text):
    """A message of the page. What is left out becomes the string or the field `...`."""
    text = text.replace("{...}", '{"...":0}').replace("[...]", '["..."]').replace(",...}", ',"...":0}')
    return json.loads(text)


@contextlib.contextmanager
def told(place):
    """Says where the page is wrong."""
    try:
        yield
    except (Wrong, TimeoutError, ValueError) as fault:
        raise Wrong(f"{place}: {fault}") from fault
