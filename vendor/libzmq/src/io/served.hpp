// Whose mailbox the reactor looks into on behalf of an owner that makes no call (a monitor, a question to ZAP's handler).
#pragma once

#include "base/intrusive_list.hpp"

namespace engine {

class Strand;

class Served : public Listed<Served>  // of one reactor, under its mutex
{
  public:
    // Any thread. Null: nobody's, yet.
    virtual Strand *served_strand () const noexcept = 0;
    // It stays as long as the reactor has it listed.
    virtual void acquire_served () noexcept = 0;
    virtual void release_served () noexcept = 0;

  protected:
    ~Served () = default;
};

}  // namespace engine
