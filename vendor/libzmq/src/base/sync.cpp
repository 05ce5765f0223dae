#include "base/sync.hpp"

#include "base/clock.hpp"
#include "base/mutex_wait.hpp"
#include "base/spin.hpp"

namespace engine {

bool Pace::yield () noexcept { return yield_processor (); }

Pace::Pace () noexcept : start_ (now ()) {}

bool Pace::lost_patience () const noexcept { return now () - start_ > patience; }

template class BasicMutex<std::atomic, Pace>;

}  // namespace engine
