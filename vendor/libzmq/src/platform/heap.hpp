// The C library's memory: what is free there goes back to the system.
#pragma once

namespace engine {

// All that can be given back from here, but for the end of other threads' memory. Takes milliseconds where there is much.
void trim_heap () noexcept;

// A block of the calling thread's memory. Whoever frees it after trim_heap() gives the end of that memory back, too. Null: out of memory,
// or the C library needs none.
void *make_heap_mark () noexcept;
void free_heap_mark (void *mark) noexcept;

}  // namespace engine
