// The two forms of a subscription: a SUBSCRIBE or CANCEL command (ZMTP 3.1), or a frame of 01 or 00 and the topic.
#pragma once

#include <string_view>

#include "message/msg.hpp"

namespace engine {

inline bool is_subscription (const Msg &frame) noexcept
{
    if (frame.kind () != Kind::data)
        return frame.kind () == Kind::subscribe || frame.kind () == Kind::cancel;
    return frame.size () > 0 && frame.data ()[0] <= 1;
}

// Of a frame for which is_subscription() is true: false if it cancels.
inline bool subscribes (const Msg &frame) noexcept
{
    return frame.kind () == Kind::data ? frame.data ()[0] == 1 : frame.kind () == Kind::subscribe;
}

inline std::string_view topic_of (const Msg &frame) noexcept
{
    return frame.kind () == Kind::data ? frame.view ().substr (1) : frame.view ();
}

}  // namespace engine
