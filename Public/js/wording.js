// The sentences and figures that the page shows. Pure.

/** How many lines a text has, as an editor counts them: a last line end does not begin another line. */
export function countLines(text) {
  if (text === "") return 0;
  let lines = 1;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 13 && text.charCodeAt(at + 1) === 10) continue;
    if ((unit === 10 || unit === 13) && at + 1 < text.length) lines += 1;
  }
  return lines;
}

/** Bytes of the text's UTF-8, without making it. A lone surrogate counts as U+FFFD, which replaces it. */
export function countBytes(text) {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else {
      bytes += 2;
      const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
      if (isPair) at += 1; // two units, four bytes
    }
  }
  return bytes;
}

const GROUPED = new Intl.NumberFormat("en");

export function plural(count, one, many = `${one}s`) {
  return `${GROUPED.format(count)} ${count === 1 ? one : many}`;
}

/** "812 bytes", "4.2 KiB", "1 MiB". */
export function size(bytes) {
  if (bytes < 1024) return plural(bytes, "byte");
  const [value, unit] = bytes < 1 << 20 ? [bytes / 1024, "KiB"] : [bytes / (1 << 20), "MiB"];
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`;
}

/** What an item is, in one line: "3,120 lines · 214 KiB". */
export function measure(text) {
  return `${plural(countLines(text), "line")} · ${size(countBytes(text))}`;
}

/** Time left, coarse while it is long, to the second in the last hour. */
export function timeLeft(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days ${hours % 24} h`;
  if (hours >= 1) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What the server says of a text that is too large, for this page's own refusals; `limitBytes` if it is known. */
export function tooLarge(limitBytes = undefined) {
  return limitBytes === undefined
    ? "This text is too large. Keep it in parts."
    : `This text is larger than ${size(limitBytes)}, the most that one text may have. Keep it in parts.`;
}

/** How much waits to be sent: "2 changes not sent", or nothing. */
export function unsentWords(session) {
  const others = session.outbox.unanswered().filter((entry) => entry.live === undefined).length;
  const unsent = others + session.desk.unsent;
  return unsent > 0 ? `${plural(unsent, "change")} not sent` : "";
}

/** The state of connection and outbox in a few words, and which look it has. */
export function standing(session) {
  const notSent = unsentWords(session);
  const { phase, reason } = session.paste;
  if (phase === "over") return { look: "over", text: reason === "deleted" ? "Deleted" : "Expired" };
  if (phase === "unknown") return { look: "over", text: "No such paste" };
  const { state, online, attempts } = session.link;
  if (state === "stopped") return { look: "trouble", text: join("Stopped", notSent) };
  if (!online && state !== "idle") return { look: "trouble", text: join("Offline", notSent) };
  if (state === "live") return { look: "live", text: session.carrier === "http" ? "Live, without WebSocket" : "Live" };
  if (state === "idle") return { look: "quiet", text: "Not connected" };
  const isFirst = attempts === 0 && !session.paste.loaded;
  return { look: "waiting", text: join(isFirst ? "Connecting" : "Reconnecting", notSent) };
}

function join(state, notSent) {
  return notSent === "" ? state : `${state} · ${notSent}`;
}
