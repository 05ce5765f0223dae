#include "io/half_open.hpp"

namespace engine {

HalfOpen::~HalfOpen ()
{
    while (Place *const place = places_.take ())
        place->of_ = nullptr;
    while (Place *const place = excused_.take ())
        place->of_ = nullptr;
}

void HalfOpen::begin (Place &place) noexcept
{
    place.of_ = this;
    place.since_ = now ();
    places_.add (place);
    ++size_;
}

void HalfOpen::Place::end () noexcept
{
    if (!of_)
        return;
    HalfOpen &of = *of_;
    of_ = nullptr;
    unlist ();
    --of.size_;
    of.owner_.handshake_over ();
}

void HalfOpen::Place::excuse () noexcept
{
    if (!of_ || excused_)
        return;
    excused_ = true;
    unlist ();
    of_->excused_.add (*this);
}

void HalfOpen::Place::go_on () noexcept
{
    if (!of_ || !excused_)
        return;
    excused_ = false;
    unlist ();
    since_ = now ();
    of_->places_.add (*this);
    of_->owner_.handshake_over ();
}

Nanoseconds HalfOpen::oldest_due (std::size_t places) const noexcept
{
    const Place *const place = places_.first ();
    return place ? place->since_ + least_time (places) : never;
}

Stream *HalfOpen::oldest () const noexcept
{
    const Place *const place = places_.first ();
    return place ? &place->stream_ : nullptr;
}

}  // namespace engine
