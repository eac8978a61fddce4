// A browser opens six connections to a server that speaks HTTP/1.1, for all its tabs together, and a stream occupies one
// for as long as it is read. So the tabs share a few places, and requests always find a connection. Where all are taken,
// a tab that nobody looks at gives up its own for one that somebody does.

/** Streams that the tabs of one browser read at a time. */
export const STREAMS = 4;
/** How often a tab that somebody looks at asks again for a place, in milliseconds, and how many times. */
const ASKING = 100;
const TIMES = 100;

export class Slot {
  #release = null;
  #channel = null;

  /** @param {() => void} onWanted called when somebody looks at a tab that finds no place, and nobody at this one */
  constructor(onWanted, { locks = globalThis.navigator?.locks, isHidden = () => document.hidden, channel = defaultChannel } = {}) {
    this.locks = locks;
    this.isHidden = isHidden;
    if (!locks) return; // without TLS there are none: tabs then have to be few
    this.#channel = channel();
    this.#channel?.addEventListener("message", () => {
      if (this.#release !== null && this.isHidden()) onWanted();
    });
  }

  /** Takes a place, or keeps the one that this tab has; false when there is none to be had. */
  async take(signal) {
    if (!this.locks || this.#release !== null) return true;
    for (let times = 0; times < TIMES && !signal.aborted; times += 1) {
      for (let place = 1; place <= STREAMS; place += 1) {
        if ((await this.#lock(`pasted-stream-${place}`, signal)) || this.#release !== null) return true;
      }
      if (this.isHidden()) return false;
      this.#channel?.postMessage("wanted");
      await new Promise((resolve) => setTimeout(resolve, ASKING));
    }
    return false;
  }

  leave() {
    this.#release?.();
    this.#release = null;
  }

  #lock(name, signal) {
    return new Promise((resolve) => {
      this.locks.request(name, { ifAvailable: true }, (lock) => {
        // Given up while it was asked for, or granted twice: whoever holds one could not let go of the other.
        const isWanted = lock !== null && !signal.aborted && this.#release === null;
        resolve(isWanted);
        return isWanted ? new Promise((release) => { this.#release = release; }) : undefined;
      }).catch(() => resolve(true)); // no locks here after all
    });
  }
}

function defaultChannel() {
  return typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("pasted-streams");
}
