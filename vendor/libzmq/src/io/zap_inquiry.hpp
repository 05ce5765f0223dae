// A connection's question to the application's ZAP handler, as the stream sees it: who takes it there is the host's business.
// All functions want the strand held; none blocks.
#pragma once

#include <string>
#include <vector>

#include "mechanism/zap.hpp"

namespace engine {

class ZapAsker
{
  public:
    // Called once for a question that was asked, unless cancelled before; may end the asker.
    virtual void decided (ZapVerdict verdict) noexcept = 0;

  protected:
    ~ZapAsker () = default;
};

class ZapInquiry
{
  public:
    virtual ~ZapInquiry () = default;
    // False: there is no handler, and no verdict will come. May throw std::bad_alloc.
    virtual bool ask (const std::vector<std::string> &request) = 0;
    // No verdict is wanted any more. The inquiry must stay until the host has reaped what ended in this call.
    virtual void cancel () noexcept = 0;
    // Looks for the verdict, for when nobody tells (the socket was closed).
    virtual void look () noexcept = 0;
};

}  // namespace engine
