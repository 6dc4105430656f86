private import CHints

/// Lets this process keep the memory that it frees, for what it allocates next.
///
/// By default, glibc gives arrays of images back to the system as soon as they are freed, and the system
/// clears every page that it hands out again. For a process that works through images one by one with the
/// same few arrays that is a third of its time. The most that it ever holds stays, but for what lies
/// between arrays of different sizes.
public func keepFreedMemory() { keep_freed_memory() }
