// The page as an installed app: its service worker (see sw.js), and what other apps share into it.

import { addressOf } from "./frame.js";
import { recent } from "./recent.js";
import { toast } from "./toast.js";

/** Set while something that was shared waits for a paste. */
const WAITING = "pasted/shared";
/** How long a reload waits for the server's newest version, in milliseconds: a network may swallow everything. */
const UPDATE_PATIENCE = 3_000;

/** The one address that this page may run as code of its own accord; Trusted Types hold it to that. */
const WORKER = { createScriptURL: () => "/sw.js" };

/** Registers the worker once the page is there. Where there is none (no trusted TLS, say), the page works without. */
export function keepPage() {
  if (!navigator.serviceWorker) return;
  const address = (globalThis.trustedTypes?.createPolicy("worker", WORKER) ?? WORKER).createScriptURL("");
  navigator.serviceWorker.register(address).catch(async () => {
    // A server that offers none any more wants its own pages shown, not what was kept of them.
    const response = await fetch("/sw.js", { method: "HEAD" }).catch(() => null);
    if (response?.status === 404) (await navigator.serviceWorker.getRegistration())?.unregister();
  });
}

/** Loads the page anew, in the server's version if the server can be reached. */
export async function reloadNewest() {
  // Without a network, or a worker: what there is, is loaded.
  await Promise.race([updateWorker().catch(() => {}), new Promise((late) => setTimeout(late, UPDATE_PATIENCE))]);
  location.reload();
}

async function updateWorker() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.update();
  const worker = registration?.installing;
  if (!worker) return;
  await new Promise((done) => worker.addEventListener("statechange", () => /^a|^r/.test(worker.state) && done()));
}

/**
 * Makes items of what was shared, texts and files, in the paste at `key`; on the front page it goes on to the paste that
 * was last open, or waits until there is one. It is let go when it was taken.
 * @param {string | null} key of a paste that takes items
 * @param {{take: (files: File[]) => Promise<void>, takeText: (text: string) => boolean}} intake
 */
export async function takeShared(key, intake) {
  if (location.search === "?shared") {
    quietly(() => localStorage.setItem(WAITING, "1"));
    const last = recent(Date.now())[0]?.key;
    if (location.pathname === "/" && last) return location.replace(addressOf(last));
    history.replaceState(null, "", location.pathname);
  }
  if (!quietly(() => localStorage.getItem(WAITING))) return;
  if (key === null) return toast("Open a paste or make one: what you shared goes into it.");
  await navigator.locks.request(WAITING, async () => {
    const opening = indexedDB.open("pasted", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("shared", { autoIncrement: true });
    const database = await answer(opening);
    const store = (mode) => database.transaction("shared", mode).objectStore("shared");
    let isLeft = false;
    for (const key of await answer(store("readonly").getAllKeys())) {
      const part = await answer(store("readonly").get(key));
      if (part instanceof File) await intake.take([part]);
      if (typeof part === "string" && !intake.takeText(part)) isLeft = true;
      else await answer(store("readwrite").delete(key));
    }
    database.close();
    if (!isLeft) quietly(() => localStorage.removeItem(WAITING));
  }).catch(() => {
    quietly(() => localStorage.removeItem(WAITING)); // it would be no more readable the next time
    toast("What was shared could not be read. Share it once more.");
  });
}

function answer(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

function quietly(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
