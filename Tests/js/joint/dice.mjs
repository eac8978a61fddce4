// What decides everything that is left to chance, and what happens when. A seed is a whole world.

export class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** 32 bits (mulberry32). */
  word() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** In [0, 1). */
  fraction() {
    return this.word() / 2 ** 32;
  }

  /** A whole number, both ends included. */
  within(least, most) {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True that many times in a thousand. */
  chance(perMille) {
    return this.within(0, 999) < perMille;
  }

  pick(...choices) {
    return choices[this.within(0, choices.length - 1)];
  }
}

/** What will happen, in the order of time; at the same time in the order of planning. */
export class Agenda {
  constructor(now) {
    this.now = now;
    this.heap = [];
    this.order = 0;
  }

  plan(at, action) {
    const { heap } = this;
    const entry = { at: Math.max(at, this.now), order: (this.order += 1), action };
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent])) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = entry;
    return entry;
  }

  /** Lets the next thing happen, unless it is later than `end`. */
  step(end) {
    const { heap } = this;
    const first = heap[0];
    if (first === undefined || first.at > end) {
      this.now = Math.max(this.now, end);
      return false;
    }
    const last = heap.pop();
    if (heap.length > 0) {
      let place = 0;
      for (;;) {
        let child = 2 * place + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
        if (!isBefore(heap[child], last)) break;
        heap[place] = heap[child];
        place = child;
      }
      heap[place] = last;
    }
    this.now = first.at;
    first.action?.();
    return true;
  }
}

const isBefore = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
