// What a person types as a key, made ready for an address. The server knows the words; here only the form.

const CODE = /^[0-9a-hj-km-np-tv-z]+$/;

/**
 * A tidy spelling of a typed key: a code in capitals, words or a chosen key in lower case with `-` between; null
 * when it can be no key.
 * @param {string} typed @returns {string|null}
 */
export function normaliseKey(typed) {
  if (typed.length > 128) return null;
  const lower = typed.trim().toLowerCase();
  const joined = lower.replace(/[ ._]+/g, '-').replace(/^-+|-+$/g, '');
  const bare = joined.replace(/-/g, '');
  if (!/^[a-z0-9]+$/.test(bare) || joined.length > 64 || bare.length < 6) return null;
  const code = bare.replace(/o/g, '0').replace(/[il]/g, '1');
  if ([6, 8].includes(bare.length) && CODE.test(code)) return code.toUpperCase();
  if (bare.length === 16 && CODE.test(code) && /[0-9]/.test(bare)) return code.toUpperCase();
  return joined;
}
