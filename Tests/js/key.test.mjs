import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { normaliseKey } from '../../Public/js/key.js';

const vectors = JSON.parse(readFileSync(new URL('../../Protocol/vectors/keys.json', import.meta.url)));

test('every spelling of a code is one', () => {
  for (const [code, typed] of vectors.same) assert.equal(normaliseKey(typed), code);
});

test('words and chosen keys are joined by dashes', () => {
  assert.equal(normaliseKey(' Maple otter.CABIN '), 'maple-otter-cabin');
  for (const key of vectors.chosen) assert.equal(normaliseKey(key), key);
});

test('what can be no key is refused', () => {
  for (const typed of ['', 'abc', 'a/b/c/d', 'x'.repeat(200)]) assert.equal(normaliseKey(typed), null);
});
