import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { apply, diff, inverse, normalise, transform } from '../../Public/js/text.js';

const vectors = JSON.parse(readFileSync(new URL('../../Protocol/vectors/edits.json', import.meta.url)));

test('two edits of one text converge as the vectors say', () => {
  for (const { text, first, second, firstAfter, secondAfter, result } of vectors.pairs) {
    assert.deepEqual(transform(second, first), secondAfter);
    assert.deepEqual(transform(first, second, true), firstAfter);
    assert.equal(apply(apply(text, first), secondAfter), result);
    assert.equal(apply(apply(text, second), firstAfter), result);
    assert.equal(apply(apply(text, first), inverse(text, first)), text);
  }
});

test('what is no edit is rejected', () => {
  for (const ops of vectors.rejected) assert.equal(normalise(ops), null, JSON.stringify(ops));
  for (const { text, ops } of vectors.outside) assert.equal(apply(text, ops), null);
  for (const ops of [null, [1.5], ['\ud800'], Array(4097).fill(1)]) assert.equal(normalise(ops), null);
});

test('a difference leads from one text to the other and cuts no code point', () => {
  for (const { text, result } of vectors.pairs) {
    const ops = diff(text, result);
    assert.equal(apply(text, ops), result);
    if (ops.length) assert.deepEqual(normalise(ops), ops);
  }
  // The two share their high surrogate, the next two their low one.
  assert.deepEqual(diff('😀', '😁'), ['😁', -1]);
  assert.deepEqual(diff('\u{1F600}', '\u{1FA00}'), ['\u{1FA00}', -1]);
});
