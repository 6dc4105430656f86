#pragma once

/// Asks for a line of memory that will be read soon; Swift has no way to say so.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }
