// Removing an item can be taken back for a moment: until then nothing was sent, and other devices have it still.

/** How long, in milliseconds. */
const GRACE = 6_000;

export class Removals {
  /** @param {{send: (item: number) => void, isWatched: (item: number) => boolean}} does `isWatched`: somebody is at the Undo button */
  constructor(does) {
    this.does = does;
    this.timers = new Map(); // item number -> timer
  }

  has(item) {
    return this.timers.has(item);
  }

  begin(item, after = GRACE) {
    clearTimeout(this.timers.get(item));
    this.timers.set(item, setTimeout(() => {
      if (this.does.isWatched(item)) this.begin(item, GRACE / 6); // who can't press it that fast is waited for
      else this.#send(item);
    }, after));
  }

  takeBack(item) {
    clearTimeout(this.timers.get(item));
    this.timers.delete(item);
  }

  /** The page goes out of sight and may never come back: what was asked for happens. */
  sendAll() {
    for (const item of [...this.timers.keys()]) this.#send(item);
  }

  #send(item) {
    this.takeBack(item);
    this.does.send(item);
  }
}
