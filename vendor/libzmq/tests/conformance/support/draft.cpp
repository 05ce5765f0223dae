// draft.cpp - see draft.hpp.
#include "draft.hpp"

namespace conf {

namespace {

template <class Function>
Function &draft (const char *name)
{
    Function *const found = symbol<Function> (name);
    if (!found)
        fail (std::string (name) + " is not exported");
    return *found;
}

class Message
{
  public:
    Message () { zmq_msg_init (&_message); }
    explicit Message (std::string_view body)
    {
        zmq_msg_init_size (&_message, body.size ());
        if (!body.empty ())
            std::memcpy (zmq_msg_data (&_message), body.data (), body.size ());
    }
    ~Message () { zmq_msg_close (&_message); }
    Message (const Message &) = delete;
    Message &operator= (const Message &) = delete;
    zmq_msg_t *operator& () { return &_message; }

  private:
    zmq_msg_t _message;
};

}  // namespace

int join (void *socket, const std::string &group) { return draft<int (void *, const char *)> ("zmq_join") (socket, group.c_str ()); }

int leave (void *socket, const std::string &group) { return draft<int (void *, const char *)> ("zmq_leave") (socket, group.c_str ()); }

uint32_t connect_peer (void *socket, const std::string &endpoint)
{
    return draft<uint32_t (void *, const char *)> ("zmq_connect_peer") (socket, endpoint.c_str ());
}

int disconnect_peer (void *socket, uint32_t routing_id)
{
    return draft<int (void *, uint32_t)> ("zmq_disconnect_peer") (socket, routing_id);
}

std::ostream &operator<< (std::ostream &out, const Letter &letter)
{
    return out << letter.body << " [" << letter.routing_id << ", '" << letter.group << "']";
}

int try_send_letter (void *socket, const Letter &letter, int flags)
{
    Message message (letter.body);
    if (letter.routing_id)
        ok (draft<int (zmq_msg_t *, uint32_t)> ("zmq_msg_set_routing_id") (&message, letter.routing_id), "zmq_msg_set_routing_id");
    if (!letter.group.empty ())
        ok (draft<int (zmq_msg_t *, const char *)> ("zmq_msg_set_group") (&message, letter.group.c_str ()), "zmq_msg_set_group");
    const int rc = zmq_msg_send (&message, socket, flags);
    const int error = zmq_errno ();
    if (rc == -1) {
        // Still the caller's, as it was.
        CHECK (zmq_msg_size (&message) == letter.body.size ());
        CHECK (draft<uint32_t (zmq_msg_t *)> ("zmq_msg_routing_id") (&message) == letter.routing_id);
        CHECK (draft<const char *(zmq_msg_t *)> ("zmq_msg_group") (&message) == letter.group);
    }
    errno = error;
    return rc;
}

void send_letter (void *socket, const Letter &letter) { ok (try_send_letter (socket, letter, 0), "zmq_msg_send"); }

Letter recv_letter (void *socket)
{
    Message message;
    ok (zmq_msg_recv (&message, socket, 0), "zmq_msg_recv");
    CHECK (zmq_msg_more (&message) == 0);
    return {std::string (static_cast<char *> (zmq_msg_data (&message)), zmq_msg_size (&message)),
            draft<uint32_t (zmq_msg_t *)> ("zmq_msg_routing_id") (&message), draft<const char *(zmq_msg_t *)> ("zmq_msg_group") (&message)};
}

std::vector<std::string> every_endpoint (const TempDir &folder)
{
    return {"tcp://127.0.0.1:*", folder.ipc (unique_name ()), inproc_name ()};
}

}  // namespace conf
