// Putting a text on the clipboard with its exact line ends.

/** Copies a text; resolves to whether it worked. Must be called inside the person's click. */
export async function copyText(text) {
  try {
    if (navigator.clipboard && isSecureContext) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Permission refused or the page is not focused: the older way may still be allowed.
  }
  return copyByEvent(text);
}

/** Without a secure context: answer the browser's own copy event. (A helper textarea would turn CRLF into LF.) */
function copyByEvent(text) {
  let isAnswered = false;
  const answer = (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
    isAnswered = true;
  };
  document.addEventListener("copy", answer, { capture: true });
  try {
    return document.execCommand("copy") && isAnswered;
  } catch {
    return false;
  } finally {
    document.removeEventListener("copy", answer, { capture: true });
  }
}

/** What is selected by hand within one text is copied as it is: browsers add line ends between its parts and drop CR. */
export function copySelectionExactly() {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.rangeCount !== 1) return;
    const range = selection.getRangeAt(0);
    const around = range.commonAncestorContainer;
    if (range.collapsed || !(around.closest ? around : around.parentElement)?.closest(".text")) return;
    event.clipboardData.setData("text/plain", range.toString());
    event.preventDefault();
  });
}
