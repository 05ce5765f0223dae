// Why TLS failed last on a socket: written by its transports and connections, read through the option ZMQ_EXT_TLS_FAILURE. Safe in threads,
// for binding and connecting read files with the socket let go.
#pragma once

#include <mutex>
#include <string>

namespace engine {

class TlsReport
{
  public:
    void note (const std::string &text)
    {
        const std::lock_guard guard (lock_);
        text_ = text;
    }
    std::string text () const
    {
        const std::lock_guard guard (lock_);
        return text_;
    }

  private:
    mutable std::mutex lock_;
    std::string text_;
};

}  // namespace engine
