// The connections that one listener has accepted and that are still in their handshake, the oldest first. All functions want the strand
// held.
//
// Whoever can reach a port can hold connections there: each costs a descriptor and memory. So their number is limited, but not such that
// who came first keeps the others out: those that have had their time give way. None is hurried while there is room.
//
// The time grows with the room: who waits for a place gets one as fast in the long run, however many there are, while in a storm of honest
// peers far away, which all shake hands at once, many places let each take its time.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.hpp"
#include "base/intrusive_list.hpp"

namespace engine {

class Stream;

class HalfOpen
{
  public:
    // What every connection has at least, however many wait, where there are `places`: more than a handshake with a peer far away takes,
    // and little enough that if all stall three thousand others are let in a second.
    static constexpr Nanoseconds least_time (std::size_t places) noexcept
    {
        constexpr Nanoseconds least = 300 * millisecond;
        return std::max (least, static_cast<Nanoseconds> (places) * (least / 1000));
    }

    // A connection's place here; it leaves when it ends.
    class Place : public Listed<Place>
    {
      public:
        explicit Place (Stream &stream) noexcept : stream_ (stream) {}
        ~Place () { end (); }
        // Its handshake is over, or is none of the listener's any more.
        void end () noexcept;
        // It waits for us: it counts, but does not give way to who would wait behind it. Until it goes on, when its time begins anew.
        void excuse () noexcept;
        void go_on () noexcept;

      private:
        friend class HalfOpen;

        Stream &stream_;
        HalfOpen *of_ = nullptr;
        Nanoseconds since_ = 0;
        bool excused_ = false;
    };

    class Owner
    {
      public:
        // There is one less, or one more that may have to give way.
        virtual void handshake_over () noexcept = 0;

      protected:
        ~Owner () = default;
    };

    explicit HalfOpen (Owner &owner) noexcept : owner_ (owner) {}
    ~HalfOpen ();
    HalfOpen (const HalfOpen &) = delete;
    HalfOpen &operator= (const HalfOpen &) = delete;

    void begin (Place &place) noexcept;
    std::size_t size () const noexcept { return size_; }
    // When the oldest that is not excused has had its time, where there are `places`; never: there is none.
    Nanoseconds oldest_due (std::size_t places) const noexcept;
    // It; null: there is none.
    Stream *oldest () const noexcept;

  private:
    Owner &owner_;
    List<Place> places_;
    List<Place> excused_;
    std::size_t size_ = 0;
};

}  // namespace engine
