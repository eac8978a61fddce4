// Texts on their way in: from files, drops and the paste buffer, with their exact bytes.

import { countBytes, size } from "./wording.js";

/** A file's name with what turns the direction of writing, or can not be seen at all, made visible. */
export function readableName({ name }) {
  return name.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}

/** Reads a file as UTF-8, byte for byte; resolves to `{text}` or `{problem}`, a sentence for the person. */
export async function readFile(file, limitBytes) {
  const name = readableName(file);
  if (file.size > limitBytes) {
    return { problem: `${name} is ${size(file.size)}. One item holds up to ${size(limitBytes)}; nothing was kept.` };
  }
  if (file.size === 0) return { problem: `${name} is empty; nothing was kept.` };
  try {
    // ignoreBOM: a byte order mark is a part of the file like any other character.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
    return { text };
  } catch (error) {
    const reason = error instanceof TypeError ? "is not UTF-8 text" : "could not be read";
    return { problem: `${name} ${reason}; nothing was kept.` };
  }
}

/** A text that UTF-8 can carry: half of a surrogate pair, which no file can hold, becomes U+FFFD. */
export function wellFormed(text) {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** What a text that is too large says, as a sentence. */
export function overLimit(bytes, limitBytes) {
  return `This text is ${size(bytes)}. The pad and each item hold up to ${size(limitBytes)}: shorten it or keep it in parts. It stays here meanwhile.`;
}

/** Why a text can't be kept, as a sentence, or null when it can. */
export function problemWith(text, limitBytes) {
  if (text === "") return "There is nothing to keep yet.";
  if (text.length * 3 <= limitBytes) return null;
  const bytes = countBytes(text);
  if (bytes <= limitBytes) return null;
  return `This text is ${size(bytes)}. One item holds up to ${size(limitBytes)}: shorten it or keep it in parts.`;
}
