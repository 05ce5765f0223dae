// The C library's memory: what is free there goes back to the system.
#pragma once

namespace engine {

// Also what the calling thread's own part of it holds. Takes milliseconds where there is much to give back.
void trim_heap () noexcept;

}  // namespace engine
