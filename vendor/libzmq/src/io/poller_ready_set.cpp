// The backend of the system's own sets of descriptors, whose cost does not grow with their size.
#include <algorithm>
#include <memory>
#include <new>

#include "io/poller.hpp"
#include "platform/ready_set.hpp"
#include "platform/wake_descriptor.hpp"

namespace engine {

namespace {

class ReadySetPoller final : public Poller
{
  public:
    bool open () noexcept { return set_.open () && wake_.open () && add (wake_.fd (), io_in, this) == 0; }

    int add (int fd, std::uint32_t events, void *data) noexcept override { return set_.add (fd, events, data); }
    int modify (int fd, std::uint32_t events, void *data) noexcept override { return set_.modify (fd, events, data); }
    void remove (int fd) noexcept override { set_.remove (fd); }

    int wait (Event *events, int capacity, Nanoseconds timeout) noexcept override
    {
        constexpr int most = 128;
        constexpr Nanoseconds longest = 3600000;  // milliseconds
        int milliseconds = -1;
        if (timeout != never)
            milliseconds = timeout <= 0 ? 0 : static_cast<int> (std::min ((timeout + millisecond - 1) / millisecond, longest));
        int out = 0;
        set_.collect<most> (capacity, milliseconds, [&] (void *data, std::uint32_t found) {
            if (data == this)
                wake_.drain ();
            else
                events[out++] = {data, found};
        });
        return out;
    }

    void interrupt () noexcept override { wake_.ring (); }

  private:
    ReadySet set_;
    WakeDescriptor wake_;
};

}  // namespace

std::unique_ptr<Poller> make_ready_set_poller () noexcept
{
    std::unique_ptr<ReadySetPoller> poller (new (std::nothrow) ReadySetPoller);
    if (poller && !poller->open ())
        poller.reset ();
    return poller;
}

}  // namespace engine
