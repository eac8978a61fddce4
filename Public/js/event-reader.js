// Server-sent events (WHATWG HTML section 9.2.6) out of a text that comes in parts. Pure.

export class EventReader {
  #rest = ""; // an unfinished line
  #looked = 0; // how far `#rest` has no line end
  #data = null;

  /** Takes the next part of the text; returns the data of the events that it completes. */
  take(part) {
    const events = [];
    let text = this.#rest + part;
    let start = 0;
    for (let at = this.#looked; ;) {
      const end = lineEnd(text, at);
      if (end === -1) break;
      // A CR at the end of the part may be the first half of a line end.
      if (text[end] === "\r" && end + 1 === text.length) break;
      this.#line(text.slice(start, end), events);
      start = end + (text[end] === "\r" && text[end + 1] === "\n" ? 2 : 1);
      at = start;
    }
    this.#rest = start === 0 ? text : text.slice(start);
    this.#looked = this.#rest.endsWith("\r") ? this.#rest.length - 1 : this.#rest.length;
    return events;
  }

  #line(line, events) {
    if (line === "") {
      if (this.#data !== null) events.push(this.#data);
      this.#data = null;
    } else if (line.startsWith("data:")) {
      const value = line.slice(line[5] === " " ? 6 : 5);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    }
  }
}

function lineEnd(text, from) {
  const feed = text.indexOf("\n", from);
  const line = feed === -1 ? text.slice(from) : text.slice(from, feed);
  const carriage = line.indexOf("\r");
  return carriage === -1 ? feed : from + carriage;
}
