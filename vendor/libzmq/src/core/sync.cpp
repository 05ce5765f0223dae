#include "core/sync.hpp"

#include "core/clock.hpp"
#include "core/mutex_wait.hpp"
#include "core/spin.hpp"

namespace engine {

bool Pace::yield () noexcept { return yield_processor (); }

Pace::Pace () noexcept : start_ (now ()) {}

bool Pace::lost_patience () const noexcept { return now () - start_ > patience; }

template class BasicMutex<std::atomic, Pace>;

}  // namespace engine
