// Keeps the page's own files on the device, so that it opens at once and without a network.
//
// The server puts VERSION and FILES (path: integrity) before this text. A version is fetched whole, each file checked
// against its hash, or not at all; every file but the page itself has its version in its path, so that a page which
// is open or still loading never gets another version's files, whichever worker answers it. A new worker therefore
// takes over at once, and the next navigation shows its version.
//
// Nothing of a paste is ever put into a cache: the page is the same document under every key, and only what FILES
// names is kept. Requests are sent by pages alone, which hold the lock on their client id. What another app shares
// waits in a database until a page has taken it.

const CACHE = `pasted/${VERSION}`;
/** `/` and every spelling of a key; what has a file's ending is left to the server. */
const PAGE = /^\/(?:[\w-]|%20|\.(?!\w+$))*$/;
/** The page that needs no script is the server's. */
const READ = /[?&]read\b/;

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(tidy()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (origin !== location.origin) return;
  if (method === "POST" && pathname === "/share") event.respondWith(share(event.request));
  if (method !== "GET") return;
  const isPage = mode === "navigate" && PAGE.test(pathname) && !READ.test(search);
  if (isPage) event.respondWith(kept(CACHE, "/", event.request));
  else if (pathname.startsWith("/~")) event.respondWith(kept(`pasted/${pathname.slice(2).split("/")[0]}`, pathname, event.request));
});

async function install() {
  try {
    const cache = await caches.open(CACHE);
    await Promise.all(Object.entries(FILES).map(async ([path, integrity]) => {
      const response = await fetch(path, { integrity, cache: "no-cache", headers: { accept: "text/html" } });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      await cache.put(path, response);
    }));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
  await skipWaiting();
}

/** Keeps the version before this one, too: pages of it may still be loading. */
async function tidy() {
  const others = (await caches.keys()).filter((name) => name.startsWith("pasted/") && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

async function kept(cacheName, path, request) {
  return (await caches.match(path, { cacheName, ignoreVary: true })) ?? fetch(request);
}

/** Another app's "Share": the text, or the files, wait for the page that this opens. */
async function share(request) {
  const form = await request.formData();
  const [title, text, url] = ["title", "text", "url"].map((name) => form.get(name) ?? "");
  const words = [text, url].filter((part, at, all) => part !== "" && all.indexOf(part) === at).join("\n");
  const files = form.getAll("files");
  const parts = words === "" && files.length > 0 ? files : [words || title, ...files];
  await new Promise((done, failed) => {
    const opening = indexedDB.open("pasted", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("shared", { autoIncrement: true });
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const change = database.transaction("shared", "readwrite");
      for (const part of parts) if (part !== "") change.objectStore("shared").add(part);
      change.onabort = () => failed(change.error);
      change.oncomplete = () => done(database.close());
    };
  });
  return Response.redirect("/?shared", 303);
}
