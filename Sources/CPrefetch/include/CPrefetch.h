#pragma once

// Has the processor fetch what lies there into its cache, to be written, while it goes on. Any address is allowed.
static inline void pasted_prefetch(const void *_Nonnull address) { __builtin_prefetch(address, 1); }
