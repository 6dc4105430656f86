#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

/// How often this process has asked for memory of the heap, on any thread, by any of malloc's
/// functions; -1 where that is not counted: with another C library than GNU's, or under a sanitizer.
long allocations_so_far(void);

#endif
