// A socket's endpoints of one kind: those that work, and those that have ended in this call and are freed at its end.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/make_room.hpp"

namespace engine {

template <class Kind>
class EndpointList
{
  public:
    // Throws std::bad_alloc, and nothing has changed. After it neither retiring nor freeing one needs memory.
    Kind &add (std::unique_ptr<Kind> endpoint)
    {
        make_room (working_, working_.size () + 1);
        make_room (retired_, retired_.size () + working_.size () + 1);
        endpoint->place = working_.size ();
        working_.push_back (std::move (endpoint));
        return *working_.back ();
    }
    // Moves another to its place.
    void retire (Kind &endpoint) noexcept
    {
        const std::size_t place = endpoint.place;
        if (place >= working_.size () || working_[place].get () != &endpoint)
            return;  // it is already
        retired_.push_back (std::move (working_[place]));
        if (place + 1 < working_.size ()) {
            working_[place] = std::move (working_.back ());
            working_[place]->place = place;
        }
        working_.pop_back ();
    }
    void free_retired () noexcept { retired_.clear (); }
    void clear () noexcept
    {
        retired_.clear ();
        working_.clear ();
    }

    bool empty () const noexcept { return working_.empty (); }
    std::size_t size () const noexcept { return working_.size (); }
    auto begin () const noexcept { return working_.begin (); }
    auto end () const noexcept { return working_.end (); }

    // Each, from the last to the first; any may be retired meanwhile. (Then one may be visited twice.)
    template <class Visit>
    void visit (Visit &&visit)
    {
        for (std::size_t i = working_.size (); i-- > 0;)
            if (i < working_.size ())
                visit (*working_[i]);
    }

  private:
    std::vector<std::unique_ptr<Kind>> working_;
    std::vector<std::unique_ptr<Kind>> retired_;
};

}  // namespace engine
