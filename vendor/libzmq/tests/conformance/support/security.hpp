// security.hpp - what tests of PLAIN, CURVE and ZAP share.
// Owns: CURVE key pairs, sockets set up for a mechanism, a ZAP handler in a thread, a tap that sees the bytes of a connection.
// Leaves to others: which outcomes are right (topics/security_*.cpp).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness.hpp"
#include "wire.hpp"

namespace conf {

struct Keys
{
    Keys ();
    std::string public_key, secret_key;  // Z85
};

void plain_server (Socket &socket);
void plain_client (Socket &socket, const std::string &name, const std::string &password);
void curve_server (Socket &socket, const Keys &keys);
void curve_client (Socket &socket, const Keys &server, const Keys &own);

inline const std::string zap_endpoint = "inproc://zeromq.zap.01";

// A handler that answers from a thread of its own, until the end of the scope.
class ZapHandler
{
  public:
    // Makes the frames of a reply (without the envelope's) of those of a request; none: no answer.
    using Answer = std::function<Msg (const Msg &)>;
    ZapHandler (Context &context, Answer answer);
    ~ZapHandler ();
    // The requests so far.
    std::vector<Msg> requests () const;

    // The reply with this status.
    static Msg reply (const Msg &request, const std::string &status, const std::string &user = "", const std::string &metadata = "");
    static Answer always (const std::string &status, const std::string &user = "", const std::string &metadata = "");

  private:
    mutable std::mutex _mutex;
    std::vector<Msg> _requests;
    Answer _answer;
    Socket _stop;
    std::unique_ptr<Background> _thread;
};

// Stands between a connecting and a binding socket and keeps what passes.
class Tap
{
  public:
    // Passes on to this tcp endpoint of ours.
    explicit Tap (const std::string &endpoint);
    ~Tap ();
    std::string endpoint () const { return _listener.endpoint (); }
    // All bytes so far, both ways.
    std::string bytes () const;

  private:
    void run ();

    mutable std::mutex _mutex;
    std::string _bytes;
    std::string _target;
    Listener _listener;
    std::atomic<bool> _stop{false};
    std::unique_ptr<Background> _thread;
};

// zmq_msg_gets of the next message's first frame; "(none)" if there is no such property. The whole message is received.
std::string property_of_next (void *socket, const char *name);

}  // namespace conf
