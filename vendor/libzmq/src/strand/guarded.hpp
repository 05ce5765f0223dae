// What a strand guards, as the strand sees it: an object that is used by one thread at a time, and that may outlive its handle.
#pragma once

namespace engine {

class Released;
class Strand;

// Has the free functions of bodies called on a thread that holds no lock.
class Disposer
{
  public:
    // What it cannot have called stays where it is.
    virtual void free_later (Released &released) noexcept = 0;

  protected:
    ~Disposer () = default;
};

// Whom the end of an object is told to.
class GuardedOwner : public Disposer
{
  public:
    // The last of the object has gone; with its strand held. May end the owner, as soon as this returns.
    virtual void guarded_gone (Strand &strand) noexcept = 0;

  protected:
    ~GuardedOwner () = default;
};

class Guarded
{
  public:
    virtual ~Guarded () = default;

    // End of a call with the strand held. True: closed, nothing lingers, nobody is inside: destroy it.
    virtual bool leave (bool by_application) noexcept = 0;
    // Does what the mailbox's commands say.
    virtual void run_mailbox () noexcept = 0;
    virtual GuardedOwner &owner () noexcept = 0;
    // Who frees what an application's call has released: null, the caller itself. `ending`: the object goes with this call.
    virtual Disposer *disposer (bool ending) noexcept = 0;

    int users = 0;  // threads that are between unlock() and relock()
};

}  // namespace engine
