// The commands that others have sent to a strand and that nobody holding it has taken yet. Its doorbell's lock guards it; only
// whether there may be any can be asked without.
#pragma once

#include <atomic>
#include <vector>

#include "strand/command.hpp"

namespace engine {

class Mailbox
{
  public:
    enum class Delivery
    {
        done,
        shut,
        no_memory  // but whoever takes learns that some activity there was
    };

    // One load.
    bool pending () const noexcept { return pending_.load (std::memory_order_acquire); }

    // If it is not done the command's reference stays the caller's.
    Delivery deliver (const Command &command) noexcept;
    // True: there was activity that is not among them.
    bool take (std::vector<Command> &out) noexcept;
    void open () noexcept { shut_ = false; }
    void shut (std::vector<Command> &left) noexcept;  // from now on commands are refused

  private:
    std::vector<Command> commands_;
    bool shut_ = true;
    bool missed_ = false;
    std::atomic<bool> pending_{false};
};

}  // namespace engine
